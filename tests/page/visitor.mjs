// A person at the page: what they see and do, and what must never happen while they are there.
import assert from "node:assert/strict";
import { patience } from "./program.mjs";

export class Visitor {
  // `errors` and `strangers` gather what the console complains of and addresses elsewhere.
  constructor(page, url) {
    Object.assign(this, { page, url, errors: [], strangers: [], is_forgiven: false });
    page.setDefaultTimeout(30000 * patience);
    page.on("pageerror", (error) => this.errors.push(String(error.stack)));
    page.on("console", (message) => {
      if (message.type() === "error" && !this.is_forgiven)
        this.errors.push(`${message.text()} ${message.location().url}`);
    });
    page.on("request", (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(url)) this.strangers.push(request.url());
    });
  }

  static async arrive(context, url) {
    const visitor = new Visitor(await context.newPage(), url);
    await visitor.page.addInitScript(() => {
      window.shifts = [];
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
          if (!entry.hadRecentInput)
            window.shifts.push([
              entry.value,
              ...entry.sources.map(({ node }) => node?.id || node?.className || node?.nodeName),
            ]);
        }
      }).observe({ type: "layout-shift", buffered: true });
    });
    await visitor.page.goto(url);
    return visitor;
  }

  // Responses that are errors are wanted in `action`; Chromium's console tells of each.
  async forgiving(action) {
    this.is_forgiven = true;
    await action();
    this.is_forgiven = false;
  }

  async is_connected() {
    await this.page.locator("#connection", { hasText: /^connected$/ }).waitFor();
  }

  async reload() {
    await this.page.reload();
    await this.is_connected();
  }

  // Fills fields of the form: {class, count, steps, ...}.
  async fill(values) {
    await this.page.locator("#settings").evaluate((details) => (details.open = true));
    for (const [id, value] of Object.entries(values)) await this.page.fill(`#${id}`, String(value));
    await this.page.evaluate(() => document.activeElement?.blur());
  }

  async draw(values) {
    await this.fill(values);
    await this.page.getByRole("button", { name: /^Draw/ }).first().click();
  }

  async until_drawn() {
    await this.page.locator("#stage-text", { hasText: /^Drawn in/ }).waitFor();
  }

  // The address of a picture on the easel.
  picture(i = 0) {
    return this.page.locator(".slot img").nth(i).getAttribute("src");
  }

  // Opens the picture on the easel in the viewer.
  async look() {
    await this.page.locator(".slot").first().click();
    await this.page.locator("#viewer[open]").waitFor();
  }

  fact(name) {
    return this.page.locator(`#viewer-facts dt:text-is("${name}") + dd`).textContent();
  }

  // {width, height, data} of a picture, its bytes as an array.
  pixels(address) {
    return this.page.evaluate(async (src) => {
      const image = new Image();
      image.src = src;
      await image.decode();
      const [width, height] = [image.naturalWidth, image.naturalHeight];
      const context = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
      context.drawImage(image, 0, 0);
      return { width, height, data: [...context.getImageData(0, 0, width, height).data] };
    }, address);
  }

  // All jobs that the server knows, newest first.
  jobs() {
    return this.page.evaluate(async () => (await (await fetch("/api/jobs?limit=100")).json()).jobs);
  }

  async forget_shifts() {
    await this.page.evaluate(() => (window.shifts = []));
  }

  async nothing_has_jumped(most = 0.02) {
    const shifts = await this.page.evaluate(() => window.shifts);
    const sum = shifts.reduce((total, [value]) => total + value, 0);
    assert.ok(sum < most, `layout shifts of ${sum}: ${JSON.stringify(shifts)}`);
  }

  // By axe-core: no finding of the two gravest kinds.
  async is_accessible(axe, what) {
    if (!(await this.page.evaluate(() => Boolean(window.axe)))) await this.page.evaluate(axe);
    const { violations, passes } = await this.page.evaluate(() =>
      window.axe.run(document, { resultTypes: ["violations"] }),
    );
    assert.ok(passes.length > 10, "axe-core has looked at the page");
    const grave = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
    assert.deepEqual(
      grave.map(({ id, nodes }) => `${what}: ${id} ${nodes.map(({ target }) => target).join(", ")}`),
      [],
    );
  }

  behaved_well() {
    assert.deepEqual(this.errors, []);
    assert.deepEqual(this.strangers, []);
  }
}
