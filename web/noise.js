// What a picture is before its first step.

const kept = new Map(); // by shape

// A small picture of noise of the shape of `size`, [w, h], as a data URL.
export function noise(size) {
  const [width, height] = size.map((side) => Math.max(1, Math.round((32 * side) / Math.max(...size))));
  const shape = `${width}x${height}`;
  if (!kept.has(shape)) kept.set(shape, drawn(width, height));
  return kept.get(shape);
}

function drawn(width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  for (let i = 0; i < pixels.data.length; ++i) {
    const normal = Math.random() + Math.random() + Math.random() - 1.5;
    pixels.data[i] = i % 4 === 3 ? 255 : 128 + 130 * normal;
  }
  context.putImageData(pixels, 0, 0);
  return canvas.toDataURL();
}
