// Between what is in the form and what the server is asked.
import { seed_of } from "./exact_json.js";

export const kPresets = ["exact", "balanced", "fast"];

// Why `values` cannot be asked: {param, message}, or null.
export function complaint(values, model) {
  if (model.kind === "classes" && !values.class.trim()) return { param: "class", message: "Choose what to draw." };
  if (model.kind === "text" && !values.prompt.trim()) return { param: "prompt", message: "Say what to draw." };
  if (values.locked && seed_of(values.seed) === null) {
    return { param: "seed", message: "A seed is a whole number from 0 to 18446744073709551615." };
  }
  if (!values.width !== !values.height) return { param: "size", message: "A size needs both a width and a height." };
  return null;
}

// The request of `values` (form.js); `seed` as text.
export function request_of(values, model, seed) {
  const request = { ...values.extras, model: model.name, seed };
  if (model.kind === "classes") {
    request.class = values.class.trim();
  } else {
    request.prompt = values.prompt.trim();
    if (values.negative_prompt.trim()) request.negative_prompt = values.negative_prompt.trim();
  }
  if (values.style) request.style = values.style;
  if (values.preset) request.preset = values.preset;
  if (values.solver) request.solver = values.solver;
  for (const name of ["count", "steps", "guidance"]) {
    if (values[name] !== "") request[name] = Number(values[name]);
  }
  if (values.edit) add_edit(request, values.edit);
  else if (values.width) request.size = [Number(values.width), Number(values.height)];
  return request;
}

function add_edit(request, edit) {
  request.image = edit.image;
  if (edit.mask) request.mask = edit.mask;
  if (edit.extend.some((side) => side > 0)) request.extend = edit.extend;
  for (const name of ["strength", "resample"]) {
    if (edit[name] !== "") request[name] = Number(edit[name]);
  }
}

// What the server fills in by itself or the page shows elsewhere.
const kNotExtras = new Set([
  "model",
  "class",
  "style",
  "prompt",
  "negative_prompt",
  "seed",
  "count",
  "preset",
  "solver",
  "steps",
  "guidance",
  "size",
  "image",
  "mask",
  "strength",
  "extend",
  "resample",
  "client",
  "deadline",
]);

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const text_of = (value) => (value === undefined || value === null ? "" : String(value));

function name_of(value, names) {
  return typeof value === "number" ? names[value] || "" : text_of(value);
}

// The form's values that draw one picture of a job again. The pictures of a job have seeds of their own.
export function values_of(job, picture, model) {
  const request = job.request;
  const own = (name) => (same(request[name], model.settings[name]) && !request.preset ? "" : text_of(request[name]));
  const extras = {};
  for (const [name, value] of Object.entries(request)) {
    if (!kNotExtras.has(name) && value !== null && !same(value, model.settings[name])) extras[name] = value;
  }
  if (extras.variation) extras.variation = of_picture(extras.variation, picture);
  const size = request.size && !request.image ? request.size : ["", ""];
  return {
    model: model.name,
    class: model.kind === "classes" ? name_of(request.class ?? request.prompt, model.classes) : "",
    prompt: model.kind === "text" ? text_of(request.prompt) : "",
    negative_prompt: text_of(request.negative_prompt),
    style: style_of(job, picture, model),
    seed: text_of(picture?.seed ?? request.seed),
    locked: true,
    count: picture ? "1" : text_of(request.count || 1),
    preset: text_of(request.preset),
    steps: own("steps"),
    guidance: own("guidance"),
    solver: own("solver"),
    width: text_of(size[0]),
    height: text_of(size[1]),
    extras,
    edit: null,
  };
}

// Each picture of a job goes towards a seed of its own.
function of_picture(variation, picture) {
  return { ...variation, seed: String(BigInt(variation.seed) + BigInt(picture.index)) };
}

// Without a style in the request the pictures of a job take the styles in turn, so that the picture's record knows it.
function style_of(job, picture, model) {
  const recorded = picture?.record?.style_name || picture?.record?.style;
  return name_of(recorded ?? job.request.style, model.styles);
}

// Of the shape of `base`, in whole patches, and not beyond what the server draws: [w, h], or null.
function scaled(base, factor, model) {
  const [width, height] = base.map((side) => Math.max(1, Math.round((side * factor) / model.patch)));
  const size = [width * model.patch, height * model.patch];
  const is_drawn =
    Math.max(...size) <= model.longest_side &&
    width * height <= (model.most_tokens ?? Infinity) &&
    size[0] * size[1] <= (model.most_pixels ?? Infinity);
  return is_drawn ? size : null;
}

function sizes(base, factors, model) {
  const made = factors.map((factor) => scaled(base, factor, model)).filter(Boolean);
  return made.filter((size, i) => made.findIndex((other) => same(other, size)) === i);
}

// Sizes that the model takes, from a quarter of `base` to four times: [[w, h], ...] by size.
export function sizes_like(base, model) {
  return sizes(
    base,
    Array.from({ length: 16 }, (_, i) => (i + 1) / 4),
    model,
  );
}

// Those of the row that draws a seed at several sizes.
export function row_of_sizes(base, model) {
  return sizes(base, [0.5, 0.75, 1, 1.5, 2], model);
}
