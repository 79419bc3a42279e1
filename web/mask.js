// Which pixels of a picture are drawn anew: a byte a pixel, 255 anew, 0 stays. Its edges are hard, so that the brush
// leaves no pixel half kept.

const kMostUndone = 40;

export class Mask {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.bytes = new Uint8Array(width * height);
    this.before = [];
  }

  // What follows is taken back by one undo().
  begin() {
    this.before.push(this.bytes.slice());
    if (this.before.length > kMostUndone) this.before.shift();
  }

  undo() {
    if (!this.before.length) return false;
    this.bytes = this.before.pop();
    return true;
  }

  // A line from a to b ([x, y], in pixels) of a round brush.
  stroke(a, b, diameter, value) {
    const radius = diameter / 2;
    const [left, right] = [Math.min(a[0], b[0]) - radius, Math.max(a[0], b[0]) + radius];
    const [top, bottom] = [Math.min(a[1], b[1]) - radius, Math.max(a[1], b[1]) + radius];
    for (let y = Math.max(0, Math.floor(top)); y < Math.min(this.height, bottom); ++y) {
      for (let x = Math.max(0, Math.floor(left)); x < Math.min(this.width, right); ++x) {
        if (distance_to_line([x + 0.5, y + 0.5], a, b) <= radius) this.bytes[y * this.width + x] = value;
      }
    }
  }

  rectangle(x, y, width, height, value) {
    const [right, bottom] = [Math.min(this.width, x + width), Math.min(this.height, y + height)];
    for (let row = Math.max(0, y); row < bottom; ++row) {
      this.bytes.fill(value, row * this.width + Math.max(0, x), row * this.width + Math.max(0, right));
    }
  }

  clear() {
    this.bytes.fill(0);
  }

  invert() {
    for (let i = 0; i < this.bytes.length; ++i) this.bytes[i] = 255 - this.bytes[i];
  }

  // Of all pixels, those that are drawn anew: 0 to 1.
  get share() {
    return this.bytes.reduce((sum, byte) => sum + (byte > 127), 0) / this.bytes.length;
  }

  // Draws it on a canvas of its size: `colour_of(byte)` is [r, g, b, a].
  canvas(colour_of) {
    const canvas = document.createElement("canvas");
    canvas.width = this.width;
    canvas.height = this.height;
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(this.width, this.height);
    this.bytes.forEach((byte, i) => pixels.data.set(colour_of(byte), 4 * i));
    context.putImageData(pixels, 0, 0);
    return canvas;
  }

  // A PNG as the server takes it, white and black.
  data_url() {
    return this.canvas((byte) => [byte, byte, byte, 255]).toDataURL("image/png");
  }

  static async of(url) {
    const image = new Image();
    image.src = url;
    await image.decode();
    const mask = new Mask(image.naturalWidth, image.naturalHeight);
    const context = Object.assign(document.createElement("canvas"), {
      width: mask.width,
      height: mask.height,
    }).getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, mask.width, mask.height);
    for (let i = 0; i < mask.bytes.length; ++i) mask.bytes[i] = data[4 * i];
    return mask;
  }
}

// On a click without a movement the line is a point.
function distance_to_line([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay],
    length = dx * dx + dy * dy;
  const along = length ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}
