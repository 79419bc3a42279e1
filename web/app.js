// Puts the page together: the form, the easel, the gallery, and what the server tells.
import * as api from "./api.js";
import { $, announce, notice } from "./dom.js";
import { Drawing } from "./drawing.js";
import { Editor, decoded, said_of } from "./editor.js";
import { EventFeed } from "./events.js";
import { Form } from "./form.js";
import { Gallery } from "./gallery.js";
import { ask_token } from "./login.js";
import { Stage } from "./stage.js";
import { start_theme } from "./theme.js";
import { Viewer } from "./viewer.js";

const is_ended = (job) => !["queued", "running"].includes(job.state);

const form = new Form(show_edit);
const stage = new Stage({
  open: (job, picture) => viewer.open(job, picture),
  cancel: (job) => cancel(job),
  left: (jobs) => gallery.prepend(jobs),
  back: (jobs) => jobs.forEach(({ id }) => gallery.remove(id)),
});
const gallery = new Gallery({ open: (job, picture) => viewer.open(job, picture), failed }, (id) =>
  Boolean(stage.find(id)),
);
const drawing = new Drawing(form, stage);
const viewer = new Viewer(
  {
    again: (job, picture) => drawing.again(job, picture),
    edit: (job, picture) => edit_picture(job, picture),
    remove: (job) => remove(job),
  },
  all_pictures,
);
const editor = new Editor({
  subject: () => `Draws: ${form.values().class || form.values().prompt || "nothing chosen yet"}`,
  done: (edit, is_drawn) => {
    form.set_edit(edit);
    if (is_drawn) drawing.draw();
  },
});
const feed = new EventFeed(
  {
    hello: (hello) => reconcile(hello.jobs),
    job: (job) => drawing.when_known(() => take_job(job)),
    progress: (progress) => drawing.when_known(() => stage.progress(progress)),
    preview: (preview) => drawing.when_known(() => stage.preview(preview)),
    connected: () => show_connection(null),
    gone: show_connection,
  },
  load,
);

// ---- what the server tells ----

let is_loaded = false;

// All that the page needs to begin, once, and again where the server may be another one.
async function load() {
  const [models, status] = await Promise.all([api.models(), api.status()]);
  form.set_models(models);
  $("log-out").hidden = !status.token_required;
  if (is_loaded) return;
  const jobs = await gallery.load();
  is_loaded = true;
  // The newest picture is on the easel, not bare wood.
  const newest = gallery.jobs[0];
  if (newest && !stage.shown && !jobs.some((job) => !is_ended(job))) {
    gallery.remove(newest.id);
    stage.adopt(newest);
  }
}

function take_job(job) {
  if (stage.update(job)) return;
  if (!is_ended(job)) stage.adopt(job);
  else if (!gallery.has(job.id)) gallery.prepend([job]);
}

// After an interruption: jobs that the server has not named have ended meanwhile, or are gone with it.
async function reconcile(live) {
  const names = new Set(live.map(({ id }) => id));
  live.forEach((job) => drawing.when_known(() => take_job(job)));
  for (const job of stage.jobs.filter((job) => !is_ended(job) && !names.has(job.id))) {
    try {
      stage.update(await api.job(job.id));
    } catch (error) {
      if (error.status === 404)
        stage.update({ ...job, state: "failed", error: { message: "The server does not know it any more." } });
    }
  }
}

let countdown = 0;

// null: the server is there; else the seconds until the next try.
function show_connection(seconds) {
  clearInterval(countdown);
  const was_gone = !$("gone").hidden;
  $("gone").hidden = seconds === null;
  $("connection").textContent = seconds === null ? "connected" : "reconnecting";
  $("connection").className = `connection ${seconds === null ? "is-there" : "is-gone"}`;
  if (seconds === null) {
    if (was_gone) announce("The server is back.");
    return;
  }
  let left = seconds;
  const show = () => {
    $("gone-text").textContent =
      left > 0 ? `The server does not answer. Next try in ${left} s.` : "The server does not answer. Trying.";
    left -= 1;
  };
  show();
  countdown = setInterval(show, 1000);
}

function failed(error) {
  notice(error.message);
  if (!(error instanceof api.ApiError || error instanceof api.GoneError)) console.error(error);
}

// ---- what a person does with pictures ----

function all_pictures() {
  const jobs = [...stage.jobs].sort((a, b) => b.created - a.created).concat(gallery.jobs);
  return jobs.flatMap((job) => job.pictures.map((picture) => ({ job, picture })));
}

async function cancel(job) {
  try {
    const answer = await api.remove(job.id);
    if (answer) stage.update(answer);
  } catch (error) {
    if (error.status !== 404) failed(error);
  }
}

async function remove(job) {
  try {
    await api.remove(job.id);
  } catch (error) {
    if (error.status !== 404) return failed(error);
  }
  gallery.remove(job.id);
  stage.drop_job(job.id);
  announce("Deleted.");
}

async function edit_picture(job, picture) {
  form.suggest(job);
  try {
    await editor.open({ image: picture.url, title: `${job.title}, seed ${picture.seed}` });
  } catch (error) {
    failed(error);
  }
}

async function upload(file) {
  if (!file) return;
  try {
    const image = await api.read_data_url(file);
    const { naturalWidth, naturalHeight } = await decoded(image);
    const most = form.model ? Math.max(...form.model.size) : 1024;
    await editor.open({ image, title: file.name }, Math.min(most, Math.max(naturalWidth, naturalHeight)));
  } catch (error) {
    failed(error);
  }
}

function show_edit(edit) {
  $("edit-empty").hidden = Boolean(edit);
  $("edit-card").hidden = !edit;
  if (!edit) return;
  $("edit-thumbnail").src = edit.image;
  $("edit-text").textContent = said_of(edit);
}

function listen() {
  $("form").addEventListener("submit", (event) => {
    event.preventDefault();
    drawing.draw();
  });
  document.addEventListener("keydown", (event) => {
    const is_free = !document.querySelector("dialog[open]");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && is_free) drawing.draw();
  });
  $("draw-sizes").addEventListener("click", () => drawing.draw_sizes());
  $("draw-presets").addEventListener("click", () => drawing.draw_presets());
  $("upload").addEventListener("change", () => upload($("upload").files[0]).then(() => ($("upload").value = "")));
  $("edit-open").addEventListener("click", () => editor.open(form.edit).catch(failed));
  $("edit-remove").addEventListener("click", () => form.set_edit(null));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    upload(event.dataTransfer.files[0]);
  });
  $("gone-now").addEventListener("click", () => feed.try_now());
  $("log-out").addEventListener("click", () => api.log_out().then(() => location.reload(), failed));
}

start_theme();
listen();
api.on_unauthorised(ask_token);
load().then(
  () => feed.open(),
  (error) => (error instanceof api.GoneError ? feed.retry_later() : failed(error)),
);
