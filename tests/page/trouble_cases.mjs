// What is refused, missing or gone; and what is taken away on purpose.
import assert from "node:assert/strict";
import test from "node:test";
import { Program } from "./program.mjs";
import { axe, browser, page, program, program_file, visitor } from "./session.mjs";
import { Visitor } from "./visitor.mjs";
import { look_at_all_widths } from "./widths.mjs";

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
  const body = JSON.stringify({
    error: { message: "The queue is full.", type: "rate_limit_error", code: "queue_full", param: null },
  });
  await page.route("**/api/jobs", (route) =>
    route.request().method() === "POST"
      ? route.fulfill({ status: 429, headers: { "Retry-After": "3", "Content-Type": "application/json" }, body })
      : route.continue(),
  );
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
  await page.waitForFunction(
    (src) => !document.querySelector(`#slots [src="${src}"], #gallery [src="${src}"]`),
    address,
  );
  assert.ok(!(await visitor.jobs()).some((job) => job.pictures.some(({ url }) => url === address)));
});

test("a page full of pictures is accessible, dark and light, at three widths", async () => {
  await look_at_all_widths("full");
  await page.locator(".tile").first().click();
  await page.locator("#viewer[open]").waitFor();
  await visitor.is_accessible(axe, "the viewer");
  await page.keyboard.press("Escape");
  await page.fill("#class", "fa");
  await visitor.is_accessible(axe, "the list of classes");
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

test("where a token is wanted, the page asks for it once; of several models one is chosen", async () => {
  const guarded = new Program(program_file, { PIXNERD_TOKEN: "one two three" }, [
    "--checkpoint",
    "assets/emoji64.safetensors",
  ]);
  try {
    const other = await Visitor.arrive(
      await browser.newContext({ viewport: { width: 800, height: 800 } }),
      await guarded.start(),
    );
    await other.forgiving(async () => {
      await other.page.locator("#login[open]").waitFor();
      await other.is_accessible(axe, "the login");
      await other.page.getByRole("textbox", { name: "Token" }).fill("wrong");
      await other.page.getByRole("button", { name: "Log in" }).click();
      await other.page.locator("#login-error:not([hidden])").waitFor();
      await other.page.getByRole("textbox", { name: "Token" }).fill("one two three");
      await other.page.keyboard.press("Enter");
      await other.is_connected();
    });
    await other.page.setViewportSize({ width: 360, height: 740 });
    assert.equal(await other.page.evaluate(() => document.documentElement.scrollWidth), 360);
    await other.page.getByLabel("Model").selectOption("emoji64-2");
    await other.draw({ class: "fox", steps: "5" });
    await other.until_drawn();
    assert.equal((await other.jobs())[0].model, "emoji64-2");
    await other.reload();
    assert.equal(await other.page.inputValue("#model"), "emoji64-2");
    assert.ok(await other.page.locator("#login").isHidden());
    await other.forgiving(async () => {
      await other.page.getByRole("button", { name: "Log out" }).click();
      await other.page.locator("#login[open]").waitFor();
    });
    other.behaved_well();
  } finally {
    await guarded.stop();
  }
});
