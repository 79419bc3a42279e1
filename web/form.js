// The form: what is to be drawn. Its values survive a reload.
import { Combobox } from "./combobox.js";
import { $, element, icon, kTwoColumns } from "./dom.js";
import { random_seed, seed_of } from "./exact_json.js";
import { kPresets, sizes_like } from "./requests.js";
import { recall, remember } from "./storage.js";

const kTexts = ["class", "prompt", "negative_prompt", "seed", "count", "steps", "guidance", "width", "height"];
const kLongestKept = 400000; // characters of pictures that are edited; browsers keep some megabytes in all

export class Form {
  // `attach(edit)` shows the picture that is edited, or that there is none (attachment.js).
  constructor(attach) {
    this.attach = attach;
    this.models = [];
    this.extras = {};
    this.edit = null;
    this.is_locked = false;
    this.combobox = new Combobox(
      { input: $("class"), popup: $("class-popup"), list: $("class-list"), note: $("class-note") },
      () => this.changed("class"),
    );
    this.kept = recall("pixnerd.form");
    this.listen();
    if (this.kept) this.fill(this.kept);
  }

  listen() {
    $("form").addEventListener("input", (event) => this.changed(event.target.id || event.target.name));
    $("model").addEventListener("change", () => this.show_model());
    $("class-any").addEventListener("click", () => {
      const names = this.model?.classes || [];
      if (names.length) this.combobox.take(names[Math.floor(Math.random() * names.length)]);
    });
    $("seed").addEventListener("input", () => this.lock($("seed").value.trim() !== ""));
    $("seed-lock").addEventListener("click", () => this.lock(!this.is_locked, true));
    $("seed-die").addEventListener("click", () => {
      $("seed").value = random_seed();
      this.lock(true);
    });
    $("size-scale").addEventListener("input", () => this.take_scale());
    for (const id of ["width", "height"]) $(id).addEventListener("input", () => this.show_scale());
    this.settings_fold();
  }

  // The settings are folded on a narrow screen, until somebody has it otherwise.
  settings_fold() {
    const kept = recall("pixnerd.settings");
    $("settings").open = typeof kept === "boolean" ? kept : window.innerWidth >= kTwoColumns;
    $("settings").addEventListener("toggle", () => remember("pixnerd.settings", $("settings").open));
  }

  get model() {
    return this.models.find((model) => model.name === $("model").value) || this.models[0];
  }

  // What the server can draw with; the values stay.
  set_models({ models, default: usual }) {
    const chosen = $("model").value || this.kept?.model;
    this.models = models;
    $("model").replaceChildren(...models.map(({ name }) => element("option", { value: name }, name)));
    $("model").value = models.some(({ name }) => name === chosen) ? chosen : usual;
    $("model-field").hidden = models.length < 2;
    this.show_model();
  }

  show_model() {
    const { model } = this;
    if (!model) return;
    const style = this.choice("style"),
      preset = this.choice("preset"),
      solver = $("solver").value || this.kept?.solver;
    $("class-field").hidden = model.kind !== "classes";
    $("prompt-fields").hidden = model.kind !== "text";
    $("style-field").hidden = !model.styles.length;
    this.combobox.names = model.classes;
    choices($("style"), "style", ["", ...model.styles], { "": "any" });
    choices($("preset"), "preset", ["", ...model.presets], { "": "default" });
    $("solver").replaceChildren(
      ...["", ...model.solvers].map((name) => element("option", { value: name }, name || "auto")),
    );
    this.choose("style", style ?? this.kept?.style);
    this.choose("preset", preset ?? this.kept?.preset);
    $("solver").value = model.solvers.includes(solver) ? solver : "";
    [$("width").placeholder, $("height").placeholder] = model.size;
    for (const id of ["width", "height"])
      Object.assign($(id), { min: model.patch, max: model.longest_side, step: model.patch });
    $("steps").max = model.most_steps ?? 10000;
    this.show_placeholders();
    this.show_scale();
    this.kept = null;
  }

  // What an empty field comes to; of presets the server alone knows.
  show_placeholders() {
    const is_own = !this.choice("preset") || this.choice("preset") === kPresets[0];
    for (const name of ["steps", "guidance"]) {
      $(name).placeholder = is_own && this.model ? this.model.settings[name] : "auto";
    }
  }

  choice(name) {
    return $("form").elements.namedItem(name)?.value;
  }

  choose(name, value) {
    const wanted = [...$(name).querySelectorAll("input")].find((input) => input.value === (value || ""));
    const chosen = wanted || $(name).querySelector("input");
    if (chosen) chosen.checked = true;
  }

  lock(is_locked, takes_value = false) {
    if (is_locked && takes_value && !$("seed").value.trim()) $("seed").value = random_seed();
    this.is_locked = is_locked;
    $("seed-lock").setAttribute("aria-pressed", String(is_locked));
    $("seed-lock").replaceChildren(icon(is_locked ? "locked" : "unlocked"));
    this.changed("seed");
  }

  // The seed of the next drawing: the kept one or another.
  next_seed() {
    const seed = this.is_locked ? seed_of($("seed").value) : random_seed();
    $("seed").value = seed;
    this.keep();
    return seed;
  }

  get base_size() {
    const typed = [$("width").value, $("height").value].map(Number);
    return typed.every((side) => side > 0) ? typed : this.model.size;
  }

  show_scale() {
    if (!this.model) return;
    const sizes = sizes_like(this.model.size, this.model),
      wanted = this.base_size[0];
    const nearest = sizes.reduce(
      (best, size, i) => (Math.abs(size[0] - wanted) < Math.abs(sizes[best][0] - wanted) ? i : best),
      0,
    );
    Object.assign($("size-scale"), { max: sizes.length - 1, value: nearest });
    $("size-scale").setAttribute("aria-valuetext", this.base_size.join(" × "));
  }

  take_scale() {
    const [width, height] = sizes_like(this.model.size, this.model)[$("size-scale").value];
    [$("width").value, $("height").value] = [width, height];
    $("size-scale").setAttribute("aria-valuetext", `${width} × ${height}`);
  }

  values() {
    const values = Object.fromEntries(kTexts.map((id) => [id, $(id).value]));
    return {
      ...values,
      model: $("model").value || this.kept?.model || "",
      style: this.choice("style") ?? this.kept?.style ?? "",
      preset: this.choice("preset") ?? this.kept?.preset ?? "",
      solver: $("solver").value || this.kept?.solver || "",
      locked: this.is_locked,
      extras: this.extras,
      edit: this.edit,
    };
  }

  fill(values) {
    for (const id of kTexts) $(id).value = values[id] ?? "";
    if ($("model").options.length && this.models.some(({ name }) => name === values.model)) {
      $("model").value = values.model;
      this.show_model();
    }
    this.choose("style", values.style);
    this.choose("preset", values.preset);
    $("solver").value = values.solver ?? "";
    this.set_extras(values.extras || {});
    this.set_edit(values.edit || null);
    this.lock(Boolean(values.locked));
    this.show_placeholders();
    this.show_scale();
  }

  // What a job draws, where the form does not say yet what to draw.
  suggest({ request }) {
    for (const [id, value] of [
      ["class", request.class],
      ["prompt", request.prompt],
    ]) {
      if (!$(id).value && typeof value === "string") $(id).value = value;
    }
    this.keep();
  }

  // Settings that the form has no field for, of a picture that is drawn again.
  set_extras(extras) {
    this.extras = extras;
    $("extras-field").hidden = !Object.keys(extras).length;
    $("extras").replaceChildren(
      ...Object.entries(extras).map(([name, value]) => {
        const remove = element(
          "button",
          { type: "button", class: "quiet", "aria-label": `Without ${name}` },
          icon("close"),
        );
        remove.addEventListener("click", () => {
          const { [name]: _, ...rest } = this.extras;
          this.set_extras(rest);
          this.keep();
        });
        return element("li", {}, `${name.replaceAll("_", " ")} ${said(value)}`, remove);
      }),
    );
  }

  set_edit(edit) {
    this.edit = edit;
    this.attach(edit);
    $("size-field").hidden = Boolean(edit);
    $("draw-sizes").disabled = Boolean(edit);
    this.keep();
  }

  changed(id) {
    this.forgive(id === "width" || id === "height" || id === "size-scale" ? "size" : id);
    if (id === "preset") this.show_placeholders();
    this.keep();
  }

  keep() {
    const values = this.values();
    const length = values.edit ? values.edit.image.length + (values.edit.mask || "").length : 0;
    remember("pixnerd.form", length > kLongestKept ? { ...values, edit: null } : values);
  }

  // An error below its field, with names to take instead.
  complain({ param, message, nearest = [] }, take) {
    const place = $(`${place_of(param)}-error`);
    place.replaceChildren(
      message,
      ...nearest.map((name) => {
        const button = element("button", { type: "button", class: "quiet" }, name);
        button.addEventListener("click", () => take(param, name));
        return button;
      }),
    );
    place.hidden = false;
    const input = $(param);
    if (place.closest("details")) place.closest("details").open = true;
    if (input?.matches("input, textarea, select")) {
      input.setAttribute("aria-invalid", "true");
      input.focus();
    }
  }

  forgive(id) {
    for (const name of id
      ? [id, "general"]
      : [...document.querySelectorAll("#form .field-error")].map((p) => p.id.slice(0, -6))) {
      const place = $(`${name}-error`);
      if (place) place.hidden = true;
      $(name)?.removeAttribute("aria-invalid");
    }
  }
}

const kEditing = ["image", "mask", "invert_mask", "strength", "extend", "resample"];

function place_of(param) {
  if (kEditing.includes(param)) return "edit";
  const place = param && $(`${param}-error`);
  return place?.closest("#form") && !place.parentElement.closest("[hidden]") ? param : "general";
}

function said(value) {
  return typeof value === "object" ? Object.values(value).join(", ") : String(value);
}

function choices(place, name, values, words) {
  place.replaceChildren(
    ...values.map((value) =>
      element(
        "label",
        { class: "choice" },
        element("input", { type: "radio", name, value }),
        element("span", {}, words[value] ?? value),
      ),
    ),
  );
}
