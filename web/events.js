// What happens on the server, told by one stream of events for the whole page. Where it breaks off it is opened anew,
// after pauses that grow; the server then begins with all jobs that are live.
import { parse } from "./exact_json.js";

const kShortestPause = 1,
  kLongestPause = 15; // seconds

// `handlers` has hello(data), job(data), progress(data), preview(data), connected(), gone(seconds until the next try).
// `probe` resolves once the server has answered, after a login where it wants one.
export class EventFeed {
  constructor(handlers, probe) {
    this.handlers = handlers;
    this.probe = probe;
    this.pause = kShortestPause;
    this.timer = 0;
    window.addEventListener("online", () => this.try_now());
    // A page that is only hidden away by the browser must not keep one of the few connections to the server.
    window.addEventListener("pagehide", () => this.close());
    window.addEventListener("pageshow", (event) => event.persisted && this.open());
  }

  open() {
    this.close();
    const source = new EventSource("/api/events");
    this.source = source;
    source.onopen = () => {
      this.pause = kShortestPause;
      this.handlers.connected();
    };
    source.onerror = () => this.retry_later();
    for (const type of ["hello", "job", "progress", "preview"]) {
      source.addEventListener(type, (event) => this.handlers[type](parse(event.data)));
    }
  }

  close() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.source?.close();
    this.source = null;
  }

  retry_later() {
    this.close();
    this.handlers.gone(this.pause);
    this.timer = setTimeout(() => this.retry(), this.pause * 1000);
    this.pause = Math.min(2 * this.pause, kLongestPause);
  }

  try_now() {
    if (!this.timer) return;
    this.close();
    this.retry();
  }

  async retry() {
    try {
      await this.probe();
      this.open();
    } catch {
      this.retry_later();
    }
  }
}
