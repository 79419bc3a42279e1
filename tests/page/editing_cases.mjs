// Pictures are drawn anew in parts and beyond their sides.
import assert from "node:assert/strict";
import test from "node:test";
import { axe, page, visitor } from "./session.mjs";

const differences = (a, b, is_inside) =>
  a.data.filter((byte, i) => {
    const pixel = Math.floor(i / 4),
      x = pixel % a.width,
      y = Math.floor(pixel / a.width);
    return is_inside(x, y) && byte !== b.data[i];
  }).length;

test("what a mask leaves alone keeps its pixels, what it names is drawn anew", async () => {
  await visitor.draw({ class: "grinning face", seed: "2", steps: "10" });
  await visitor.until_drawn();
  const before = await visitor.pixels(await visitor.picture());
  await visitor.look();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  for (const [name, value] of Object.entries({ x: 0, y: 32, width: 64, height: 32 }))
    await page.fill(`#rectangle-${name}`, String(value));
  await page.getByRole("button", { name: "Apply the tool to it" }).click();
  await page.getByText("50 % is drawn anew").waitFor();
  await visitor.is_accessible(axe, "the editor");
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
  assert.equal(
    differences(before, edited, (x, y) => y < 32),
    0,
  );
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
