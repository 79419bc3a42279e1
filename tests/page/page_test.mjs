// The page in Chromium, drawn with by people of several habits:  node page_test.mjs PROGRAM
// Exits with 77 where Chromium or the packages of package.json are not there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { after, before, beforeEach } from "node:test";
import { Program, chromium_path, packages } from "./program.mjs";
import { Visitor } from "./visitor.mjs";

const kWidths = [360, 800, 1280];
const installed = packages(), browser_path = chromium_path();
if (!installed || !browser_path) {
  console.log(`skipped: ${browser_path ? "the packages of tests/page are" : "Chromium is"} not there (tools/page_packages.sh)`);
  process.exit(77);
}

const program = new Program(process.argv[2]);
let browser, context, visitor, page;

before(async () => {
  const launched = installed.chromium.launch({ executablePath: browser_path, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  const url = await program.start();
  browser = await launched;
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true });
  visitor = await Visitor.arrive(context, url);
  page = visitor.page;
  await visitor.is_connected();
});

// One that has failed leaves no dialog before the next.
beforeEach(() => page.evaluate(() => document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close())));

after(async () => {
  await browser?.close();
  await program.remove();
});

async function look_at_all_widths(what) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const width of kWidths) {
      await page.setViewportSize({ width, height: 900 });
      await visitor.is_accessible(installed.axe, `${what}, ${colorScheme}, ${width}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(wide, 0, `nothing is wider than ${width}`);
    }
  }
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "no-preference" });
}

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
  assert.equal(found.back, '{"seed":18446744073709551615,"variation":{"seed":9007199254740993},"text":"\\"seed\\":12","n":3}');
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
    }).observe(document.querySelector("#stage"), { subtree: true, childList: true, attributeFilter: ["src"], characterData: true });
  });
  await visitor.draw({ class: "fox", steps: 40 });
  await visitor.until_drawn();
  const seen = await page.evaluate(() => ({ images: [...window.seen.images], texts: [...window.seen.texts] }));
  const previews = seen.images.filter((address) => address?.startsWith("data:image/png"));
  assert.ok(previews.length >= 4, `${previews.length} previews were seen`);
  assert.ok(seen.texts.some((text) => /^Step \d+ of 40 · about \d+ s left$/.test(text)), seen.texts.join());
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
  assert.ok(Date.now() - began < 2000, `${Date.now() - began} ms`);
  assert.equal((await visitor.jobs())[0].state, "cancelled");
  assert.ok(await page.getByRole("button", { name: "Cancel" }).isHidden());
});

test("several pictures, in the gallery after a reload, a page after the other", async () => {
  await visitor.draw({ class: "pizza", steps: 10, count: 3, seed: "" });
  await visitor.until_drawn();
  await visitor.draw({ class: "red heart", count: 1 });
  await visitor.until_drawn();
  // With pages of two drawings.
  await page.route("**/api/jobs?limit=40*", (route) => route.continue({ url: route.request().url().replace("limit=40", "limit=2") }));
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
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Record" }).click()]);
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
  const sizes = await page.locator(".slot img").evaluateAll((images) => images.map((image) => `${image.naturalWidth}x${image.naturalHeight}`));
  assert.deepEqual(sizes, ["32x32", "48x48", "64x64", "96x96", "128x128"]);
  await page.getByRole("button", { name: "Compare presets" }).click();
  await visitor.until_drawn();
  assert.match((await page.locator("#slots figcaption").allTextContents()).join(), /^exact · [\d.]+ s,balanced · [\d.]+ s,fast · [\d.]+ s$/);
  const jobs = (await visitor.jobs()).slice(0, 3);
  assert.deepEqual(jobs.map((job) => [job.request.preset, job.request.seed, job.request.steps]).reverse(),
    [["exact", 5, undefined], ["balanced", 5, undefined], ["fast", 5, undefined]]);
});

const differences = (a, b, is_inside) => a.data.filter((byte, i) => {
  const pixel = Math.floor(i / 4), x = pixel % a.width, y = Math.floor(pixel / a.width);
  return is_inside(x, y) && byte !== b.data[i];
}).length;

test("what a mask leaves alone keeps its pixels, what it names is drawn anew", async () => {
  await visitor.draw({ class: "grinning face", seed: "2", steps: "10" });
  await visitor.until_drawn();
  const before = await visitor.pixels(await visitor.picture());
  await visitor.look();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  for (const [name, value] of Object.entries({ x: 0, y: 32, width: 64, height: 32 })) await page.fill(`#rectangle-${name}`, String(value));
  await page.getByRole("button", { name: "Apply the tool to it" }).click();
  await page.getByText("50 % is drawn anew").waitFor();
  await visitor.is_accessible(installed.axe, "the editor");
  // A stroke of the brush, and back.
  const box = await page.locator("#mask-canvas").boundingBox();
  await page.mouse.move(box.x + box.width / 4, box.y + box.height / 4);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 4, { steps: 3 });
  await page.mouse.up();
  assert.doesNotMatch(await page.textContent("#mask-state"), /^50 %/);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("50 % is drawn anew").waitFor();
  await page.getByRole("button", { name: "Back to the form" }).click();
  await visitor.draw({ class: "winking face", seed: "9", steps: "8" });
  await visitor.until_drawn();
  const edited = await visitor.pixels(await visitor.picture());
  assert.deepEqual([edited.width, edited.height], [64, 64]);
  assert.equal(differences(before, edited, (x, y) => y < 32), 0);
  assert.ok(differences(before, edited, (x, y) => y >= 32) > 100);

  // Again: with the picture and the mask that it was drawn from.
  const address = await visitor.picture();
  await page.getByRole("button", { name: "Do not edit this picture" }).click();
  await visitor.look();
  await page.getByRole("button", { name: "Again with these settings" }).click();
  await page.locator("#edit-card").waitFor();
  await visitor.draw({});
  await visitor.until_drawn();
  assert.equal(await visitor.picture(), address);
});

test("a picture of one's own is extended, by keys", async () => {
  const png = await page.evaluate(() => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 200, height: 100 });
    const paint = canvas.getContext("2d");
    paint.fillStyle = "#3080c0";
    paint.fillRect(0, 0, 200, 100);
    return canvas.toDataURL("image/png").split(",")[1];
  });
  await page.getByRole("button", { name: "Do not edit this picture" }).click();
  await page.setInputFiles("#upload", { name: "own.png", mimeType: "image/png", buffer: Buffer.from(png, "base64") });
  await page.locator("#editor[open]").waitFor();
  assert.equal(await page.inputValue("#longest"), "64", "it is reduced to what the model draws");
  await page.fill("#extend-top", "16");
  await page.locator("#mask-canvas").focus();
  await page.keyboard.press(" ");
  await page.keyboard.press("Shift+ArrowRight");
  assert.match(await page.textContent("#mask-state"), /drawn anew, the rest stays/);
  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByText("its new sides are drawn").waitFor();
  await page.locator("#editor-draw").click();
  await visitor.until_drawn();
  const drawn = await visitor.pixels(await visitor.picture());
  assert.deepEqual([drawn.width, drawn.height], [64, 48]);
  const is_blue = (x, y) => [0x30, 0x80, 0xc0].every((byte, i) => drawn.data[4 * (y * 64 + x) + i] === byte);
  assert.ok(is_blue(0, 16) && is_blue(63, 47) && is_blue(30, 30));
  await page.getByRole("button", { name: "Do not edit this picture" }).click();
});

test("what the server refuses is said at its field, with names that are near", async () => {
  await visitor.forgiving(async () => {
    await visitor.draw({ class: "sunflowre", steps: "5" });
    await page.locator("#class-error").waitFor();
    await page.locator("#class-error").getByRole("button", { name: "sunflower" }).click();
    assert.equal(await page.inputValue("#class"), "sunflower");
    assert.ok(await page.locator("#class-error").isHidden());
    assert.equal(await page.locator(".slot.is-drawn").count(), 1, "what was on the easel is there again");
    await visitor.draw({ count: 1, seed: "99999999999999999999" });
    await page.locator("#seed-error", { hasText: "18446744073709551615" }).waitFor();
    await visitor.draw({ seed: "1", width: "63", height: "64" });
    await page.locator("#size-error").waitFor();
    await visitor.fill({ width: "", height: "" });
  });
});

test("a full queue says when to try again", async () => {
  const body = JSON.stringify({ error: { message: "The queue is full.", type: "rate_limit_error", code: "queue_full", param: null } });
  await page.route("**/api/jobs", (route) => route.request().method() === "POST"
    ? route.fulfill({ status: 429, headers: { "Retry-After": "3", "Content-Type": "application/json" }, body }) : route.continue());
  await visitor.forgiving(async () => {
    await visitor.draw({});
    await page.getByText("The queue is full. Try again in 2 s.").waitFor();
    await page.getByText("There may be room now: try again.").waitFor();
  });
  await page.unroute("**/api/jobs");
  await visitor.draw({});
  await visitor.until_drawn();
  assert.ok(await page.locator("#general-error").isHidden());
});

test("pictures are deleted when that is confirmed", async () => {
  const address = await visitor.picture();
  await visitor.look();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Keep", exact: true }).click();
  assert.equal(await visitor.picture(), address);
  await page.locator("#viewer-delete").click();
  await page.locator("#confirm").getByRole("button", { name: "Delete" }).click();
  await page.waitForFunction((src) => !document.querySelector(`#slots [src="${src}"], #gallery [src="${src}"]`), address);
  assert.ok(!(await visitor.jobs()).some((job) => job.pictures.some(({ url }) => url === address)));
});

test("a page full of pictures is accessible, dark and light, at three widths", async () => {
  await look_at_all_widths("full");
  await page.locator(".tile").first().click();
  await page.locator("#viewer[open]").waitFor();
  await visitor.is_accessible(installed.axe, "the viewer");
  await page.keyboard.press("Escape");
  await page.fill("#class", "fa");
  await visitor.is_accessible(installed.axe, "the list of classes");
  await page.keyboard.press("Escape");
});

test("a server that is gone is waited for, and the form stays filled", async () => {
  visitor.behaved_well();
  await visitor.forgiving(async () => {
    await program.kill();
    await page.getByText("The server does not answer. Next try").waitFor();
    await visitor.draw({ class: "owl", steps: "7" });
    await page.getByText("nothing was drawn").waitFor();
    assert.equal(await page.inputValue("#class"), "owl");
    await program.start();
    await page.getByRole("button", { name: "Try now" }).click();
    await visitor.is_connected();
    assert.ok(await page.locator("#gone").isHidden());
    await visitor.draw({});
    await visitor.until_drawn();
  });
});

test("where a token is wanted, the page asks for it once", async () => {
  const guarded = new Program(process.argv[2], { PIXNERD_TOKEN: "one two three" });
  try {
    const other = await Visitor.arrive(await browser.newContext({ viewport: { width: 800, height: 800 } }), await guarded.start());
    await other.forgiving(async () => {
      await other.page.locator("#login[open]").waitFor();
      await other.is_accessible(installed.axe, "the login");
      await other.page.getByRole("textbox", { name: "Token" }).fill("wrong");
      await other.page.getByRole("button", { name: "Log in" }).click();
      await other.page.locator("#login-error:not([hidden])").waitFor();
      await other.page.getByRole("textbox", { name: "Token" }).fill("one two three");
      await other.page.keyboard.press("Enter");
      await other.is_connected();
    });
    await other.page.setViewportSize({ width: 360, height: 740 });
    assert.equal(await other.page.evaluate(() => document.documentElement.scrollWidth), 360);
    await other.draw({ class: "fox", steps: "5" });
    await other.until_drawn();
    await other.reload();
    assert.ok(await other.page.locator("#login").isHidden());
    await other.forgiving(async () => {
      await other.page.getByRole("button", { name: "Log out" }).click();
      await other.page.locator("#login[open]").waitFor();
    });
    other.behaved_well();
  } finally {
    await guarded.remove();
  }
});
