// Pictures are drawn, watched, found again and drawn again.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { patience } from "./program.mjs";
import { page, visitor } from "./session.mjs";
import { look_at_all_widths } from "./widths.mjs";

test("an empty page is accessible, dark and light, at three widths", async () => {
  await page.locator("#gallery-empty").waitFor();
  await look_at_all_widths("empty");
});

test("seeds stay exact, and names are found by their words", async () => {
  const found = await page.evaluate(async () => {
    const { parse, stringify, seed_of } = await import("/page/exact_json.js");
    const { matches } = await import("/page/combobox.js");
    const text = '{"seed":18446744073709551615,"variation":{"seed": 9007199254740993},"text":"\\"seed\\":12","n":3}';
    return {
      seeds: [parse(text).seed, parse(text).variation.seed, parse(text).n],
      back: stringify(parse(text)),
      taken: ["0", " 18446744073709551615 ", "18446744073709551616", "-1", "1.5", ""].map(seed_of),
      names: matches(["ox", "fox", "red ox", "tree"], "OX"),
    };
  });
  assert.deepEqual(found.seeds, ["18446744073709551615", "9007199254740993", 3]);
  assert.equal(
    found.back,
    '{"seed":18446744073709551615,"variation":{"seed":9007199254740993},"text":"\\"seed\\":12","n":3}',
  );
  assert.deepEqual(found.taken, ["0", "18446744073709551615", null, null, null, null]);
  assert.deepEqual(found.names, ["ox", "red ox", "fox"]);
});

test("a picture is drawn, looked at and left by keys alone", async () => {
  const { keyboard } = page;
  const until = async (id, key = "Tab") => {
    for (let i = 0; i < 60; ++i) {
      if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), id)) return;
      await keyboard.press(key);
    }
    assert.fail(`${id} is not reached by ${key}`);
  };
  await page.evaluate(() => document.body.focus());
  await keyboard.press("Control+Enter");
  await page.getByText("Choose what to draw.").waitFor();
  await until("#class");
  await keyboard.type("sunfl");
  await page.getByRole("option", { name: "sunflower" }).waitFor();
  await keyboard.press("ArrowDown");
  await keyboard.press("Enter");
  assert.equal(await page.inputValue("#class"), "sunflower");
  assert.equal(await page.getAttribute("#class", "aria-expanded"), "false");
  await keyboard.press("Control+Enter");
  await visitor.until_drawn();
  assert.equal((await visitor.pixels(await visitor.picture())).width, 64);
  await until(".slot");
  await keyboard.press("Enter");
  await page.locator("#viewer[open]").waitFor();
  assert.equal(await visitor.fact("Size"), "64 × 64");
  await keyboard.press("Escape");
  await page.locator("#viewer[open]").waitFor({ state: "detached" });
});

test("a picture comes out of noise before the eyes, and nothing jumps", async () => {
  await visitor.forget_shifts();
  await page.evaluate(() => {
    window.seen = { images: new Set(), texts: new Set() };
    new MutationObserver(() => {
      window.seen.images.add(document.querySelector(".slot img")?.src);
      window.seen.texts.add(document.querySelector("#stage-text").textContent);
    }).observe(document.querySelector("#stage"), {
      subtree: true,
      childList: true,
      attributeFilter: ["src"],
      characterData: true,
    });
  });
  // Previews come by the clock: the drawing must last, however fast the machine.
  await visitor.draw({ class: "fox", steps: 250 });
  await visitor.until_drawn();
  const seen = await page.evaluate(() => ({ images: [...window.seen.images], texts: [...window.seen.texts] }));
  const previews = seen.images.filter((address) => address?.startsWith("data:image/png"));
  assert.ok(previews.length >= 4, `${previews.length} previews were seen`);
  assert.ok(
    seen.texts.some((text) => /^Step \d+ of 250 · about \d+ s left$/.test(text)),
    seen.texts.join(),
  );
  await visitor.draw({ class: "owl", steps: "" });
  await visitor.until_drawn();
  await visitor.nothing_has_jumped();
});

test("a drawing ends at once when it is cancelled", async () => {
  await visitor.draw({ class: "ghost", steps: 250, count: 4 });
  await page.locator("#stage-text", { hasText: /^Step/ }).waitFor();
  const began = Date.now();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.locator("#stage-text", { hasText: "Cancelled." }).waitFor();
  assert.ok(Date.now() - began < 2000 * patience, `${Date.now() - began} ms`);
  assert.equal((await visitor.jobs())[0].state, "cancelled");
  assert.ok(await page.getByRole("button", { name: "Cancel" }).isHidden());
});

test("several pictures, in the gallery after a reload, a page after the other", async () => {
  await visitor.draw({ class: "pizza", steps: 10, count: 3, seed: "" });
  await visitor.until_drawn();
  await visitor.draw({ class: "red heart", count: 1 });
  await visitor.until_drawn();
  // With pages of two drawings.
  await page.route("**/api/jobs?limit=40*", (route) =>
    route.continue({ url: route.request().url().replace("limit=40", "limit=2") }),
  );
  await visitor.reload();
  await page.locator(".tile").first().waitFor();
  assert.equal(await page.inputValue("#class"), "red heart", "the form is as it was");
  assert.equal(await page.locator(".slot.is-drawn").count(), 1, "the newest is on the easel");
  const few = await page.locator(".tile").count();
  while (await page.getByRole("button", { name: "More" }).isVisible()) {
    await page.getByRole("button", { name: "More" }).click();
    await page.locator("#gallery-more:not([disabled])").waitFor({ state: "attached" });
  }
  const drawn = (await visitor.jobs()).reduce((sum, job) => sum + job.pictures.length, 0);
  assert.ok(few < drawn - 1, `${few} of ${drawn}`);
  assert.equal(await page.locator(".tile").count(), drawn - 1);
  await page.unroute("**/api/jobs?limit=40*");
});

test("again with these settings is the same picture, its seed never rounded", async () => {
  const seed = "18446744073709551615";
  await visitor.draw({ class: "penguin", seed: "18446744073709551613", steps: 12, guidance: 1.5, count: 3 });
  await visitor.until_drawn();
  const first = await visitor.picture(2);
  await visitor.draw({ class: "fox", seed: "7", steps: "", guidance: "", count: 1 });
  await visitor.until_drawn();
  await page.locator(".tile").nth(2).click();
  assert.equal(await visitor.fact("Seed"), seed);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Record" }).click(),
  ]);
  assert.match(readFileSync(await download.path(), "utf8"), new RegExp(`"seed": ${seed},`));
  assert.equal(await page.getAttribute("#viewer-download", "href"), first);
  await page.getByRole("button", { name: "Again with these settings" }).click();
  assert.equal(await page.inputValue("#seed"), seed);
  assert.equal(await page.getAttribute("#seed-lock", "aria-pressed"), "true");
  assert.deepEqual([await page.inputValue("#steps"), await page.inputValue("#count")], ["12", "1"]);
  await visitor.draw({});
  await visitor.until_drawn();
  assert.equal(await visitor.picture(), first);
  await page.locator("#seed-lock").click();
  await visitor.draw({});
  await visitor.until_drawn();
  assert.notEqual(await page.inputValue("#seed"), seed);
  assert.notEqual(await visitor.picture(), first);
});

test("rows of one seed: other sizes, other presets", async () => {
  await visitor.fill({ class: "ghost", seed: "5", steps: "6", guidance: "" });
  await page.getByRole("button", { name: "Sizes" }).click();
  await visitor.until_drawn();
  const sizes = await page
    .locator(".slot img")
    .evaluateAll((images) => images.map((image) => `${image.naturalWidth}x${image.naturalHeight}`));
  assert.deepEqual(sizes, ["32x32", "48x48", "64x64", "96x96", "128x128"]);
  await page.getByRole("button", { name: "Compare presets" }).click();
  await visitor.until_drawn();
  assert.match(
    (await page.locator("#slots figcaption").allTextContents()).join(),
    /^exact · [\d.]+ s,balanced · [\d.]+ s,fast · [\d.]+ s$/,
  );
  const jobs = (await visitor.jobs()).slice(0, 3);
  assert.deepEqual(jobs.map((job) => [job.request.preset, job.request.seed, job.request.steps]).reverse(), [
    ["exact", 5, undefined],
    ["balanced", 5, undefined],
    ["fast", 5, undefined],
  ]);
});

test("a network that takes prompts is asked in words", async () => {
  const asked = [];
  await page.route("**/api/models", async (route) => {
    const answer = await (await route.fetch()).json();
    Object.assign(answer.models[0], { kind: "text", classes: [], styles: [] });
    await route.fulfill({ json: answer });
  });
  // The one network at hand draws classes, and takes their names as a prompt.
  await page.route("**/api/jobs", (route) => {
    if (route.request().method() !== "POST") return route.continue();
    const { negative_prompt, ...rest } = route.request().postDataJSON();
    asked.push({ negative_prompt, ...rest });
    return route.continue({ postData: JSON.stringify(rest) });
  });
  await visitor.reload();
  assert.ok(await page.locator("#class").isHidden());
  await visitor.draw({ prompt: "sunflower", negative_prompt: "leaves", seed: "4", steps: "6", guidance: "" });
  await visitor.until_drawn();
  const { prompt, negative_prompt, seed, steps } = asked[0];
  assert.deepEqual(
    { prompt, negative_prompt, seed, steps },
    { prompt: "sunflower", negative_prompt: "leaves", seed: 4, steps: 6 },
  );
  await page.unroute("**/api/models");
  await page.unroute("**/api/jobs");
  await visitor.reload();
});
