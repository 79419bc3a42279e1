// The easel: what is being drawn, and what was just drawn. A drawing is one job, or a row of them (sizes, presets); its
// place is taken when it is asked for, so that nothing moves when pictures come.
import { $, announce, element, picture_class } from "./dom.js";
import { noise } from "./noise.js";

const kCaption = 40; // pixels, as pictures.css has it

const is_ended = (job) => !["queued", "running"].includes(job.state);

export class Stage {
  // `handlers`: open(job, picture) shows a picture large, cancel(job), left(jobs) takes what goes from
  // here, back(jobs) gives it again.
  constructor(handlers) {
    this.handlers = handlers;
    this.drawings = [];
    this.put_away = [];
    this.shown = null;
    $("stage-cancel").addEventListener("click", () => this.cancel());
    new ResizeObserver(() => this.arrange()).observe($("slots"));
    this.render();
  }

  // A new drawing of parts [{caption, is_timed, count, size}], whose jobs come by bind(). What has ended leaves the easel.
  begin(title, parts) {
    const drawing = { title, parts: parts.map((part) => ({ ...part, job: null, error: null })) };
    this.show(this.add(drawing));
    this.clear_ended();
    return drawing;
  }

  // A drawing that was asked for elsewhere, or before a reload.
  adopt(job) {
    const size = job.request.size || [1, 1];
    const drawing = { title: job.title, parts: [{ caption: "", count: job.count, size, job, error: null }] };
    this.add(drawing);
    if (!this.shown) this.show(drawing);
    else this.render_strip();
    return drawing;
  }

  add(drawing) {
    for (const part of drawing.parts) part.slots = Array.from({ length: part.count }, () => this.slot(part));
    this.drawings.push(drawing);
    for (const part of drawing.parts) if (part.job) this.update_part(part);
    return drawing;
  }

  bind(drawing, i, job) {
    const part = drawing.parts[i];
    part.job = job;
    this.refresh(drawing, part);
  }

  // Resolves once the part's job has ended, well or not.
  until_ended(part) {
    return new Promise((resolve) => (is_ended(part.job) ? resolve() : (part.ended = resolve)));
  }

  fail(drawing, i, message) {
    drawing.parts[i].error = message;
    this.refresh(drawing, drawing.parts[i]);
  }

  // Away with a drawing that did not come about: what it took the place of is back.
  take_back(drawing) {
    this.handlers.back(jobs_of(this.put_away));
    this.drawings.unshift(...this.put_away.splice(0));
    this.drop(drawing);
  }

  drop(drawing) {
    this.drawings = this.drawings.filter((other) => other !== drawing);
    if (this.shown === drawing) this.show(this.drawings.at(-1) || null);
    else this.render_strip();
  }

  drop_job(id) {
    for (const drawing of [...this.drawings]) {
      const rest = drawing.parts.filter((part) => part.job?.id !== id);
      if (rest.length === drawing.parts.length) continue;
      drawing.parts = rest;
      if (!rest.length) this.drop(drawing);
      else if (drawing === this.shown) this.render();
    }
  }

  find(id) {
    for (const drawing of this.drawings) {
      const part = drawing.parts.find(({ job }) => job?.id === id);
      if (part) return { drawing, part };
    }
    return null;
  }

  get jobs() {
    return jobs_of(this.drawings);
  }

  clear_ended() {
    const ended = this.drawings.filter((drawing) => drawing !== this.shown && has_ended(drawing));
    this.drawings = this.drawings.filter((drawing) => !ended.includes(drawing));
    this.put_away = ended;
    this.handlers.left(jobs_of(ended));
    this.render_strip();
  }

  update(job) {
    const found = this.find(job.id);
    if (!found) return false;
    const was_ended = is_ended(found.part.job);
    found.part.job = job;
    if (!found.drawing.parts[1]) found.drawing.title = job.title || found.drawing.title;
    if (is_ended(job)) found.part.ended?.();
    this.refresh(found.drawing, found.part);
    if (!was_ended && has_ended(found.drawing)) announce(outcome(found.drawing));
    return true;
  }

  progress({ id, ...progress }) {
    const found = this.find(id);
    if (!found || is_ended(found.part.job)) return;
    Object.assign(found.part.job, progress, { state: "running" });
    this.refresh(found.drawing, found.part, false);
  }

  preview({ id, index, image }) {
    const slot = this.find(id)?.part.slots[index];
    if (!slot || slot.picture) return;
    slot.image.src = image;
    slot.button.classList.add("has-preview");
  }

  // ---- what is seen ----

  slot(part) {
    const image = element("img", { src: noise(part.size), alt: "", class: picture_class(...part.size) });
    const button = element("button", { type: "button", class: "slot", disabled: true }, image);
    const slot = { image, button, picture: null };
    [image.width, image.height] = part.size;
    button.addEventListener("click", () => this.handlers.open(part.job, slot.picture));
    return slot;
  }

  update_part(part) {
    for (const picture of part.job?.pictures || []) {
      const slot = part.slots[picture.index];
      if (!slot || slot.picture) continue;
      slot.picture = picture;
      Object.assign(slot.image, { src: picture.url, width: picture.width, height: picture.height });
      slot.image.alt = `${part.job.title}, seed ${picture.seed}`;
      slot.image.className = picture_class(picture.width, picture.height);
      slot.button.disabled = false;
      slot.button.title = "Show it large";
    }
    const is_over = part.error || (part.job && is_ended(part.job));
    for (const slot of part.slots) {
      slot.button.classList.toggle("is-drawn", Boolean(slot.picture));
      slot.button.classList.toggle("is-lost", Boolean(is_over && !slot.picture));
    }
  }

  refresh(drawing, part, has_pictures = true) {
    if (has_pictures) this.update_part(part);
    if (drawing === this.shown) this.render_foot();
    this.render_strip();
  }

  show(drawing) {
    this.shown = drawing;
    this.render();
  }

  render() {
    const parts = this.shown?.parts || [];
    const several = parts.length > 1;
    $("slots").replaceChildren(
      ...parts.flatMap((part) =>
        part.slots.map((slot, i) =>
          element(
            "figure",
            { class: several ? "slot-figure is-named" : "slot-figure" },
            slot.button,
            several && i === 0 ? (part.label = element("figcaption", {}, part.caption)) : null,
          ),
        ),
      ),
    );
    if (!parts.length)
      $("slots").append(element("p", { class: "note" }, "Choose what to draw, and watch it come out of noise."));
    this.arrange();
    this.render_foot();
    this.render_strip();
  }

  // As many columns as make the pictures largest. Sizes are in pixels of the screen.
  arrange() {
    const n = $("slots").querySelectorAll("figure").length,
      gap = 10;
    const caption = $("slots").querySelector("figcaption") ? kCaption : 0;
    const { clientWidth: width, clientHeight: height } = $("slots");
    if (!n || !width || !height) return;
    let best = { side: 0, columns: 1 };
    for (let columns = 1; columns <= n; ++columns) {
      const rows = Math.ceil(n / columns);
      const side = Math.min((width - (columns - 1) * gap) / columns, (height - (rows - 1) * gap) / rows - caption);
      if (side > best.side) best = { side, columns };
    }
    $("slots").style.setProperty("--columns", best.columns);
    $("slots").style.setProperty("--side", `${Math.floor(best.side)}px`);
    $("slots").style.setProperty("--row", `${Math.floor(best.side) + caption}px`);
  }

  render_foot() {
    const drawing = this.shown;
    const is_live = Boolean(drawing) && !has_ended(drawing);
    $("stage-title").textContent = drawing?.title || "";
    $("stage-text").textContent = drawing ? outcome(drawing) : "";
    $("stage-progress").hidden = !is_live;
    $("stage-progress").value = drawing ? progress_of(drawing) : 0;
    $("stage-cancel").hidden = !is_live;
    for (const part of drawing?.parts || []) if (part.label) part.label.textContent = caption_of(part);
    document.title = is_live ? `${Math.round(100 * progress_of(drawing))} % · pixnerd` : "pixnerd";
  }

  // The other drawings, a button each, while there are any.
  render_strip() {
    const several = this.drawings.length > 1;
    const buttons = several ? this.drawings : [];
    const strip = $("strip");
    while (strip.children.length > buttons.length) strip.lastChild.remove();
    buttons.forEach((drawing, i) => {
      const button = strip.children[i] || strip.appendChild(element("button", { type: "button", class: "quiet" }));
      button.onclick = () => this.show(drawing);
      button.setAttribute("aria-pressed", String(drawing === this.shown));
      button.textContent = `${drawing.title} · ${short_state(drawing)}`;
    });
  }

  cancel(drawing = this.shown) {
    if (!drawing) return;
    drawing.is_cancelled = true;
    for (const { job } of drawing.parts) if (job && !is_ended(job)) this.handlers.cancel(job);
  }
}

const jobs_of = (drawings) => drawings.flatMap(({ parts }) => parts.map(({ job }) => job).filter(Boolean));
const has_ended = (drawing) => drawing.parts.every((part) => part.error || (part.job && is_ended(part.job)));

function progress_of(drawing) {
  const shares = drawing.parts.map(({ job, error }) => (error || (job && is_ended(job)) ? 1 : job?.progress || 0));
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

function caption_of({ caption, is_timed, job, error }) {
  if (error) return `${caption}: ${error}`;
  if (job?.state === "failed") return `${caption}: ${job.error?.message || "failed"}`;
  const seconds = is_timed && job?.state === "done" ? ` · ${(job.ended - job.started).toFixed(1)} s` : "";
  return caption + seconds;
}

function short_state(drawing) {
  if (has_ended(drawing)) return drawing.parts.some(({ job }) => job?.state === "done") ? "done" : "ended";
  const is_running = drawing.parts.some(({ job }) => job?.state === "running");
  return is_running ? `${Math.round(100 * progress_of(drawing))} %` : "waits";
}

// A sentence about how it stands.
function outcome(drawing) {
  const jobs = drawing.parts.map(({ job }) => job).filter(Boolean);
  const failed = jobs.find(({ state }) => state === "failed");
  const errors = drawing.parts.map(({ error }) => error).filter(Boolean);
  if (has_ended(drawing)) {
    if (failed || (errors.length && !drawing.is_cancelled)) return failed?.error?.message || errors[0] || "It failed.";
    if (drawing.is_cancelled || jobs.some(({ state }) => state === "cancelled")) return "Cancelled.";
    return ended_well(jobs);
  }
  const running = jobs.find(({ state }) => state === "running");
  if (running) return running_text(running);
  const waiting = jobs.find(({ state }) => state === "queued");
  if (waiting?.position)
    return `Waits: ${waiting.position} ${waiting.position === 1 ? "drawing" : "drawings"} before it.`;
  return waiting ? "Begins in a moment." : "Asking for it.";
}

function running_text({ steps, steps_done, eta }) {
  const left = eta === null || eta === undefined ? "" : ` · about ${time_of(eta)} left`;
  return `Step ${steps_done} of ${steps}${left}`;
}

function ended_well(jobs) {
  const seconds = Math.max(...jobs.map(({ ended }) => ended)) - Math.min(...jobs.map(({ started }) => started));
  const warnings = jobs.flatMap((job) => job.warnings || []);
  return [`Drawn in ${seconds.toFixed(1)} s.`, ...warnings].join(" ");
}

function time_of(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return `${Math.round(seconds / 60)} min`;
}
