// One picture, large, with what it was drawn from and what can be done with it.
import { $, element, picture_class, save_file } from "./dom.js";
import { stringify } from "./exact_json.js";

export class Viewer {
  // `handlers`: again(job, picture), edit(job, picture), remove(job). `all()`: [{job, picture}], newest first.
  constructor(handlers, all) {
    this.handlers = handlers;
    this.all = all;
    this.dialog = $("viewer");
    $("viewer-close").addEventListener("click", () => this.dialog.close());
    $("viewer-previous").addEventListener("click", () => this.step(-1));
    $("viewer-next").addEventListener("click", () => this.step(1));
    $("viewer-again").addEventListener("click", () => this.leave(() => handlers.again(this.job, this.picture)));
    $("viewer-edit").addEventListener("click", () => this.leave(() => handlers.edit(this.job, this.picture)));
    $("viewer-record").addEventListener("click", () => this.save_record());
    $("viewer-delete").addEventListener("click", () => this.ask_delete());
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") this.step(-1);
      if (event.key === "ArrowRight") this.step(1);
    });
  }

  leave(action) {
    this.dialog.close();
    action();
  }

  open(job, picture) {
    Object.assign(this, { job, picture });
    const image = $("viewer-image");
    Object.assign(image, { src: picture.url, width: picture.width, height: picture.height });
    image.alt = `${job.title}, seed ${picture.seed}`;
    image.className = picture_class(picture.width, picture.height);
    $("viewer-title").textContent = job.title;
    $("viewer-facts").replaceChildren(
      ...facts(job, picture).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
    );
    $("viewer-download").href = picture.url;
    $("viewer-download").download = `${file_name(job, picture)}.png`;
    const at = this.place();
    $("viewer-previous").disabled = at <= 0;
    $("viewer-next").disabled = at < 0 || at + 1 >= this.all().length;
    if (!this.dialog.open) this.dialog.showModal();
  }

  place() {
    return this.all().findIndex(({ job, picture }) => job.id === this.job.id && picture.index === this.picture.index);
  }

  step(by) {
    const next = this.all()[this.place() + by];
    if (next && this.place() >= 0) this.open(next.job, next.picture);
  }

  save_record() {
    const record = stringify(this.picture.record, 2) + "\n";
    save_file(`${file_name(this.job, this.picture)}.json`, new Blob([record], { type: "application/json" }));
  }

  ask_delete() {
    const { job } = this,
      others = job.pictures.length - 1;
    $("confirm-text").textContent = others
      ? `This picture and the ${others === 1 ? "other one" : `${others} others`} of its drawing will be gone.`
      : "This picture and its record will be gone.";
    const confirm = $("confirm");
    confirm.returnValue = "";
    confirm.onclose = () => confirm.returnValue === "yes" && this.leave(() => this.handlers.remove(job));
    confirm.showModal();
  }
}

function file_name(job, picture) {
  const words = job.title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
  return `${words || "picture"}-${picture.seed}`;
}

// What is worth seeing of how it was made.
function facts(job, picture) {
  const { request } = job,
    record = picture.record || {},
    sampler = record.sample || {};
  const rows = [
    ["Seed", picture.seed],
    ["Size", `${picture.width} × ${picture.height}`],
    ["Style", record.style_name],
    ["Without", request.negative_prompt],
    ["Model", job.model],
    ["Preset", request.preset],
    ["Sampler", [sampler.solver, sampler.steps && `${sampler.steps} steps`].filter(Boolean).join(", ")],
    ["Guidance", sampler.guidance],
    ["Edited", request.image ? "from another picture" : null],
    ["Drawn", job.ended ? new Date(job.ended * 1000).toLocaleString() : null],
  ];
  return rows
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([name, value]) => [name, String(value)]);
}
