// What a picture is before its first step.

let kept = null;

// A small picture of noise, as a data URL.
export function noise() {
  if (kept) return kept;
  const side = 32;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(side, side);
  for (let i = 0; i < pixels.data.length; ++i) {
    const normal = Math.random() + Math.random() + Math.random() - 1.5;
    pixels.data[i] = i % 4 === 3 ? 255 : 128 + 130 * normal;
  }
  context.putImageData(pixels, 0, 0);
  kept = canvas.toDataURL();
  return kept;
}
