// What was drawn before, newest first, a page at a time.
import * as api from "./api.js";
import { $, element, picture_class } from "./dom.js";

const kPage = 40;

export class Gallery {
  // `handlers`: open(job, picture), failed(error). `is_elsewhere(id)`: whether the easel has that job.
  constructor(handlers, is_elsewhere) {
    this.handlers = handlers;
    this.is_elsewhere = is_elsewhere;
    this.jobs = []; // newest first
    this.next = null;
    $("gallery-more").addEventListener("click", () => this.more());
  }

  // From the beginning: the newest page. Returns its jobs.
  async load() {
    const { jobs, next } = await api.jobs(kPage);
    this.jobs = [];
    $("gallery").replaceChildren();
    this.append(jobs, next);
    return jobs;
  }

  async more() {
    $("gallery-more").disabled = true;
    try {
      const { jobs, next } = await api.jobs(kPage, this.next);
      const first = $("gallery").children.length;
      this.append(jobs, next);
      $("gallery").children[first]?.querySelector("button").focus({ preventScroll: true });
    } catch (error) {
      this.handlers.failed(error);
    } finally {
      $("gallery-more").disabled = false;
    }
  }

  append(jobs, next) {
    for (const job of jobs) {
      if (!this.has(job.id) && !this.is_elsewhere(job.id)) this.insert(job, false);
    }
    this.next = next;
    $("gallery-more").hidden = !next;
    this.show_empty();
  }

  // Jobs that have left the easel.
  prepend(jobs) {
    for (const job of [...jobs].sort((a, b) => a.created - b.created)) {
      if (!this.has(job.id)) this.insert(job, true);
    }
    this.show_empty();
  }

  has(id) {
    return this.jobs.some((job) => job.id === id);
  }

  insert(job, is_newest) {
    if (!job.pictures.length) return;
    const tiles = job.pictures.map((picture) => this.tile(job, picture));
    if (is_newest) {
      this.jobs.unshift(job);
      $("gallery").prepend(...tiles);
    } else {
      this.jobs.push(job);
      $("gallery").append(...tiles);
    }
  }

  tile(job, picture) {
    const image = element("img", {
      src: picture.url,
      alt: `${job.title}, seed ${picture.seed}`,
      loading: "lazy",
      decoding: "async",
      width: picture.width,
      height: picture.height,
      class: picture_class(picture.width, picture.height),
    });
    const button = element("button", { type: "button", class: "tile", title: job.title }, image);
    button.addEventListener("click", () => this.handlers.open(job, picture));
    return element(
      "li",
      { "data-job": job.id },
      button,
      element("span", { class: "tile-title", "aria-hidden": "true" }, job.title),
    );
  }

  remove(id) {
    this.jobs = this.jobs.filter((job) => job.id !== id);
    for (const tile of [...$("gallery").children]) if (tile.dataset.job === id) tile.remove();
    this.show_empty();
  }

  show_empty() {
    $("gallery-empty").hidden = this.jobs.length > 0 || Boolean(this.next);
  }
}
