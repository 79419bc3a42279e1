// JSON whose seeds stay exact. They go up to 2^64 - 1, which JavaScript's numbers would round: on this page a seed is
// text. A quotation mark inside a JSON string has a backslash before it, so that these patterns only ever find keys.

// "seed" and "..._seed" come as texts of digits.
export function parse(text) {
  return JSON.parse(text.replace(/("(?:\w*_)?seed"\s*:\s*)(\d+)(?=\s*[,}])/g, '$1"$2"'));
}

// The other way round: seeds that are texts of digits go as numbers.
export function stringify(value, indent = 0) {
  return JSON.stringify(value, null, indent).replace(/("(?:\w*_)?seed":\s*)"(\d+)"/g, "$1$2");
}

const kLargestSeed = (1n << 64n) - 1n;

// What a person has typed, as a seed; null: it is none.
export function seed_of(text) {
  const digits = text.trim();
  if (!/^\d{1,20}$/.test(digits)) return null;
  const value = BigInt(digits);
  return value <= kLargestSeed ? value.toString() : null;
}

export function random_seed() {
  return crypto.getRandomValues(new Uint32Array(1))[0].toString();
}
