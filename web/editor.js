// The dialog in which a picture is made ready to be drawn anew: in parts (inpainting), beyond its sides (outpainting),
// or all of it from some way back (strength). What comes out goes along with the form:
//   {image, mask or null, width, height, extend [left, top, right, bottom], strength, resample, title}
import { $ } from "./dom.js";
import { Mask } from "./mask.js";
import { MaskCanvas } from "./mask_canvas.js";

const kSides = ["left", "top", "right", "bottom"];

export class Editor {
  // `handlers`: done(edit, is_drawn), subject() says what the form draws.
  constructor(handlers) {
    this.handlers = handlers;
    this.value = 255;
    this.canvas = new MaskCanvas($("mask-canvas"), {
      tool: () => ({ value: this.value, diameter: Number($("brush").value) }),
      changed: () => this.show_state(),
      resize_brush: (by) => this.set_brush(Number($("brush").value) + by),
    });
    this.listen();
  }

  listen() {
    $("editor-close").addEventListener("click", () => $("editor").close());
    $("editor-keep").addEventListener("click", () => this.finish(false));
    $("editor-draw").addEventListener("click", () => this.finish(true));
    $("mask-paint").addEventListener("click", () => this.set_tool(255));
    $("mask-erase").addEventListener("click", () => this.set_tool(0));
    $("brush").addEventListener("input", () => this.set_brush(Number($("brush").value)));
    $("mask-undo").addEventListener("click", () => this.change(() => this.mask.undo(), false));
    $("mask-clear").addEventListener("click", () => this.change(() => this.mask.clear()));
    $("mask-invert").addEventListener("click", () => this.change(() => this.mask.invert()));
    $("rectangle-apply").addEventListener("click", () => this.apply_rectangle());
    for (const side of kSides) $(`extend-${side}`).addEventListener("input", () => this.take_extend());
    $("longest").addEventListener("change", () => this.fit());
    $("editor").addEventListener("keydown", (event) => {
      if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.change(() => this.mask.undo(), false);
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.finish(true);
    });
  }

  // `edit` as it was made before, or one with an `image` (a data URL, or a path of the server) and a `title` alone. `longest`: a picture of more
  // pixels on a side is reduced to that; 0: it stays as it is.
  async open(edit, longest = 0) {
    const picture = await decoded(edit.image);
    this.original = picture;
    this.title = edit.title;
    $("longest-field").hidden = !longest;
    $("longest").value = longest || Math.max(picture.naturalWidth, picture.naturalHeight);
    kSides.forEach((side, i) => ($(`extend-${side}`).value = edit.extend?.[i] ?? 0));
    $("strength").value = edit.strength ?? "";
    $("resample").value = edit.resample ?? "";
    this.take(edit.image, picture, edit.mask ? await Mask.of(edit.mask) : null);
    if (longest) this.fit();
    this.set_tool(255);
    $("editor-subject").textContent = this.handlers.subject();
    $("editor").showModal();
    $("mask-canvas").focus({ preventScroll: true });
    $("editor").scrollTop = 0;
  }

  take(image, picture, mask) {
    const [width, height] = [picture.naturalWidth || picture.width, picture.naturalHeight || picture.height];
    this.image = image;
    this.picture = picture;
    this.mask = mask && mask.width === width && mask.height === height ? mask : new Mask(width, height);
    const largest = Math.max(2, Math.round(Math.max(width, height) / 2));
    $("brush").max = largest;
    this.set_brush(Math.max(1, Math.round(Math.max(width, height) / 6)));
    [$("rectangle-width").value, $("rectangle-height").value] = [Math.round(width / 2), Math.round(height / 2)];
    [$("rectangle-x").value, $("rectangle-y").value] = [Math.round(width / 4), Math.round(height / 4)];
    this.canvas.show(this.picture, this.mask, this.extend());
    this.show_state();
  }

  // An uploaded picture is reduced here: the network draws no more pixels than it is asked for.
  fit() {
    const { naturalWidth: width, naturalHeight: height } = this.original;
    const scale = Math.min(1, Number($("longest").value) / Math.max(width, height));
    if (!(scale > 0)) return;
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(this.original, 0, 0, canvas.width, canvas.height);
    this.take(canvas.toDataURL("image/png"), canvas, null);
  }

  extend() {
    return kSides.map((side) => Math.max(0, Math.min(4096, Math.floor(Number($(`extend-${side}`).value)) || 0)));
  }

  take_extend() {
    this.canvas.extend = this.extend();
    this.canvas.render();
    this.show_state();
  }

  set_tool(value) {
    this.value = value;
    $("mask-paint").setAttribute("aria-pressed", String(value === 255));
    $("mask-erase").setAttribute("aria-pressed", String(value === 0));
  }

  set_brush(diameter) {
    $("brush").value = diameter;
    $("brush-value").value = `${$("brush").value} px`;
  }

  change(action, is_undone_by_itself = true) {
    if (is_undone_by_itself) this.mask.begin();
    action();
    this.canvas.render();
    this.show_state();
  }

  apply_rectangle() {
    const [x, y, width, height] = ["x", "y", "width", "height"].map(
      (name) => Math.floor(Number($(`rectangle-${name}`).value)) || 0,
    );
    this.change(() => this.mask.rectangle(x, y, width, height, this.value));
  }

  show_state() {
    const share = this.mask.share,
      is_extended = this.extend().some((side) => side > 0);
    const text =
      share > 0
        ? `${share < 0.01 ? "Less than 1" : Math.round(100 * share)} % is drawn anew, the rest stays as it is.`
        : is_extended
          ? "The picture stays, its new sides are drawn."
          : "Nothing is painted: all is drawn anew, from the strength's place on.";
    if ($("mask-state").textContent !== text) $("mask-state").textContent = text;
  }

  finish(is_drawn) {
    const { mask } = this;
    $("editor").close();
    this.handlers.done(
      {
        image: this.image,
        mask: mask.share > 0 ? mask.data_url() : null,
        width: mask.width,
        height: mask.height,
        extend: this.extend(),
        strength: $("strength").value,
        resample: $("resample").value,
        title: this.title,
      },
      is_drawn,
    );
  }
}

export async function decoded(url) {
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch {
    throw new Error("The picture is not there, or this browser cannot read it.");
  }
  return image;
}

// A sentence for the form.
export function said_of(edit) {
  const parts = [edit.mask ? "a part of it" : null, edit.extend.some((side) => side > 0) ? "beyond its sides" : null];
  return `Draws ${parts.filter(Boolean).join(", ") || "all of it"} anew: ${edit.title}`;
}
