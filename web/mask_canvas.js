// The canvas on which a mask is painted over its picture, by a pointer or by keys.

const kLargest = 560; // pixels of the screen, of the longer side
const kAnew = [106, 92, 255, 150],
  kStays = [0, 0, 0, 0];

export class MaskCanvas {
  // `tool()`: {value, diameter}. `changed()` is called when the mask was; `resize_brush(by)` on + and -.
  constructor(canvas, { tool, changed, resize_brush }) {
    Object.assign(this, { canvas, tool, changed, resize_brush });
    this.mask = null;
    this.extend = [0, 0, 0, 0];
    this.last = null;
    this.key_stroke = false;
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const type of ["pointerup", "pointercancel"]) canvas.addEventListener(type, () => (this.last = null));
    canvas.addEventListener("pointerleave", () => this.point(null));
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("keyup", (event) => event.key === " " && (this.key_stroke = false));
    canvas.addEventListener("blur", () => this.point(null));
  }

  show(picture, mask, extend) {
    Object.assign(this, { picture, mask, extend });
    this.cursor = [Math.floor(mask.width / 2), Math.floor(mask.height / 2)];
    this.is_seen = false;
    this.render();
  }

  get total() {
    const [left, top, right, bottom] = this.extend;
    return [this.mask.width + left + right, this.mask.height + top + bottom];
  }

  // Of a pointer's event, where in the picture, in its pixels.
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const [width, height] = this.total;
    return [
      ((event.clientX - box.left) / box.width) * width - this.extend[0],
      ((event.clientY - box.top) / box.height) * height - this.extend[1],
    ];
  }

  press(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.mask.begin();
    this.last = this.place(event);
    this.paint(this.last, this.last);
  }

  move(event) {
    const here = this.place(event);
    this.point(here);
    if (!this.last) return;
    this.paint(this.last, here);
    this.last = here;
  }

  // Shows the brush there.
  point(here) {
    this.is_seen = Boolean(here);
    if (here) this.cursor = here;
    if (this.mask) this.render();
  }

  paint(a, b) {
    const { value, diameter } = this.tool();
    this.mask.stroke(a, b, diameter, value);
    this.changed();
    this.render();
  }

  key(event) {
    const by = event.shiftKey ? 8 : 1;
    const steps = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] };
    if (steps[event.key]) this.step(steps[event.key]);
    else if (event.key === " ") this.press_key(event.repeat);
    else if (event.key === "+" || event.key === "=") this.resize_brush(1);
    else if (event.key === "-") this.resize_brush(-1);
    else return;
    event.preventDefault();
    this.render();
  }

  step([dx, dy]) {
    const from = this.cursor;
    this.cursor = [clamp(from[0] + dx, 0, this.mask.width), clamp(from[1] + dy, 0, this.mask.height)];
    this.is_seen = true;
    if (this.key_stroke) this.paint(from, this.cursor);
  }

  press_key(is_repeated) {
    this.is_seen = true;
    if (is_repeated) return;
    this.key_stroke = true;
    this.mask.begin();
    this.paint(this.cursor, this.cursor);
  }

  render() {
    const [width, height] = this.total;
    const scale = Math.max(1, Math.floor(kLargest / Math.max(width, height)));
    const { canvas, extend } = this;
    if (canvas.width !== width * scale || canvas.height !== height * scale) {
      canvas.width = width * scale;
      canvas.height = height * scale;
    }
    canvas.style.setProperty("aspect-ratio", `${width} / ${height}`);
    canvas.style.setProperty("--shape", width / height);
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.fillStyle = hatching(context);
    context.fillRect(0, 0, canvas.width, canvas.height);
    const place = [extend[0] * scale, extend[1] * scale, this.mask.width * scale, this.mask.height * scale];
    context.clearRect(...place);
    context.drawImage(this.picture, ...place);
    context.drawImage(
      this.mask.canvas((byte) => (byte > 127 ? kAnew : kStays)),
      ...place,
    );
    if (this.is_seen) this.render_brush(context, scale);
  }

  render_brush(context, scale) {
    const { diameter } = this.tool();
    const centre = this.cursor.map((c, i) => (c + this.extend[i]) * scale);
    for (const [colour, width] of [
      ["#000", 3],
      ["#fff", 1.5],
    ]) {
      context.beginPath();
      context.arc(centre[0], centre[1], (diameter / 2) * scale, 0, 2 * Math.PI);
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke();
    }
  }
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

function hatching(context) {
  const tile = Object.assign(document.createElement("canvas"), { width: 12, height: 12 });
  const paint = tile.getContext("2d");
  paint.fillStyle = "#dcd9f5";
  paint.fillRect(0, 0, 12, 12);
  paint.strokeStyle = "#8a83e0";
  paint.lineWidth = 2;
  for (const at of [-6, 0, 6, 12]) {
    paint.beginPath();
    paint.moveTo(at, 12);
    paint.lineTo(at + 12, 0);
    paint.stroke();
  }
  return context.createPattern(tile, "repeat");
}
