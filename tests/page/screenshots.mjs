// Pictures of the page, to be looked at:  node screenshots.mjs PROGRAM FOLDER
// Three widths, light and dark, empty and with pictures, and one in the midst of a drawing.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { Program, chromium_path, packages } from "./program.mjs";
import { Visitor } from "./visitor.mjs";

const [file, folder] = process.argv.slice(2);
const program = new Program(file);
const browser = await packages().chromium.launch({ executablePath: chromium_path(), args: ["--no-sandbox"] });
try {
  mkdirSync(folder, { recursive: true });
  const visitor = await Visitor.arrive(
    await browser.newContext({ viewport: { width: 1280, height: 860 } }),
    await program.start(),
  );
  const { page } = visitor;
  const shots = async (what) => {
    for (const width of [360, 800, 1280]) {
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 860 });
        await page.waitForTimeout(300); // fonts, and pictures that fade in
        await page.screenshot({
          path: path.join(folder, `${what}-${width}-${colorScheme}.png`),
          fullPage: width === 360,
        });
      }
    }
    await page.emulateMedia({ colorScheme: "light" });
  };
  await visitor.is_connected();
  await shots("empty");
  const names = ["ghost", "pizza", "red heart", "sunflower", "penguin", "grinning face", "owl", "watermelon", "fox"];
  for (const name of names) {
    await visitor.draw({ class: name, seed: "3", count: name === "fox" ? 4 : 2 });
    await visitor.until_drawn();
  }
  await shots("full");
  await visitor.draw({ class: "smiling face with sunglasses", seed: "1", count: 4, steps: 60 });
  await page.waitForFunction(() => document.querySelector("#stage-progress").value > 0.6);
  await page.screenshot({ path: path.join(folder, "drawing-1280-light.png") });
  await visitor.until_drawn();
} finally {
  await browser.close();
  await program.stop();
}
