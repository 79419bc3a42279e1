// From the form to jobs on the server, and back: draws, draws rows, draws again.
import * as api from "./api.js";
import { $, announce, kTwoColumns, notice } from "./dom.js";
import { complaint, kPresets, request_of, row_of_sizes, values_of } from "./requests.js";

// What a preset settles: left out where presets are compared.
const kOfPresets = ["solver", "steps", "order", "reuse", "encode_steps", "dtype"];

export class Drawing {
  constructor(form, stage) {
    Object.assign(this, { form, stage });
    this.asked = 0; // requests whose answers are awaited: their jobs may be told by events first
    this.held = [];
    this.blocked = 0;
  }

  draw() {
    this.ask((request) => [{ caption: "", request }]);
  }

  draw_sizes() {
    const sizes = this.form.model ? row_of_sizes(this.form.base_size, this.form.model) : [];
    this.ask((request) =>
      sizes.map((size) => ({ caption: size.join(" × "), request: { ...request, size, count: 1 } })),
    );
  }

  draw_presets() {
    // One after the other: side by side they would share the processor, and their times would say nothing.
    this.ask((request) => {
      const rest = Object.fromEntries(Object.entries(request).filter(([name]) => !kOfPresets.includes(name)));
      const presets = kPresets.filter((preset) => this.form.model.presets.includes(preset));
      return presets.map((preset) => ({ caption: preset, is_timed: true, request: { ...rest, preset, count: 1 } }));
    });
  }

  // `parts_of(request)`: [{caption, request}], shown beside each other; those that are timed are drawn in turn.
  async ask(parts_of) {
    const { form } = this;
    form.forgive();
    if (!form.model) return notice("The server has not said yet what it can draw.");
    const values = form.values(),
      problem = complaint(values, form.model);
    if (problem) return this.refuse(problem);
    const parts = parts_of(request_of(values, form.model, form.next_seed()));
    const drawing = this.stage.begin(
      title_of(values, form.model),
      parts.map(({ caption, is_timed, request }) => ({
        caption,
        is_timed,
        count: request.count || 1,
        size: size_of(request, values, form.model),
      })),
    );
    if (window.innerWidth < kTwoColumns) $("stage").scrollIntoView({ block: "start", behavior: motion() });
    announce(`Drawing ${drawing.title}.`);
    await this.send(drawing, parts);
  }

  async send(drawing, parts) {
    for (let i = 0; i < parts.length; ++i) {
      try {
        await this.post(parts[i].request, (job) => this.stage.bind(drawing, i, job));
      } catch (error) {
        if (!i) this.stage.take_back(drawing);
        else this.give_up(drawing, i);
        return this.failed(error);
      }
      if (drawing.is_cancelled) this.stage.cancel(drawing);
      if (parts[i].is_timed) await this.stage.until_ended(drawing.parts[i]);
      if (drawing.is_cancelled) return this.give_up(drawing, i + 1);
    }
  }

  give_up(drawing, from) {
    for (let i = from; i < drawing.parts.length; ++i) this.stage.fail(drawing, i, "not drawn");
  }

  async post(request, bind) {
    this.asked += 1;
    try {
      bind(await api.draw(request));
    } finally {
      this.asked -= 1;
      if (!this.asked) this.held.splice(0).forEach((tell) => tell());
    }
  }

  // What is told of a job that may be one whose answer is awaited waits until that is known.
  when_known(tell) {
    if (this.asked) this.held.push(tell);
    else tell();
  }

  failed(error) {
    if (error.status === 429) return this.wait(error);
    if (error instanceof api.ApiError) return this.refuse(error);
    if (error instanceof api.GoneError)
      return this.refuse({ message: "The server does not answer, nothing was drawn. What you have entered stays." });
    throw error;
  }

  refuse({ param = null, message, nearest = [] }) {
    this.form.complain({ param, message, nearest }, (name, value) => {
      const input = $(name);
      if (input?.matches("input, textarea, select")) input.value = value;
      else this.form.choose(name, value);
      this.form.changed(name);
      $("draw").focus();
    });
  }

  // A full queue: says when to try again, second by second, without taking anything away.
  wait({ message, retry_after }) {
    clearInterval(this.blocked);
    let left = retry_after || 10;
    const show = () => {
      const when = left > 0 ? `Try again in ${left} s.` : "There may be room now: try again.";
      this.form.complain({ message: `${message} ${when}` }, () => {});
      if (left-- <= 0) clearInterval(this.blocked);
    };
    show();
    this.blocked = setInterval(() => ($("general-error").hidden ? clearInterval(this.blocked) : show()), 1000);
  }

  // Fills the form with what a picture was drawn from, its seed kept.
  again(job, picture) {
    const model = this.form.models.find(({ name }) => name === job.model);
    if (!model) return notice(`The model ${job.model} is not there any more.`);
    const values = values_of(job, picture, model),
      { request } = job;
    if (request.image) {
      values.edit = {
        image: request.image.url,
        mask: request.mask?.url ?? null,
        width: picture.width,
        height: picture.height,
        extend: request.extend || [0, 0, 0, 0],
        strength: String(request.strength ?? ""),
        resample: String(request.resample ?? ""),
        title: "the same picture",
      };
    }
    this.form.forgive();
    this.form.fill(values);
    if (window.innerWidth < kTwoColumns) $("form").scrollIntoView({ block: "start", behavior: motion() });
    $("draw").focus({ preventScroll: true });
    announce("The form has the picture's settings, with its seed kept.");
  }
}

function motion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
}

function title_of(values, model) {
  const what = model.kind === "classes" ? values.class.trim() : values.prompt.trim();
  return values.style ? `${what}, ${values.style}` : what;
}

function size_of(request, { edit }, model) {
  if (!edit) return request.size || model.size;
  const [left, top, right, bottom] = edit.extend;
  return [edit.width + left + right, edit.height + top + bottom];
}
