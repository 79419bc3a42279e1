// One program, one browser and one visitor for all cases, which follow each other.
import { after, beforeEach } from "node:test";
import { Program, chromium_path, packages } from "./program.mjs";
import { Visitor } from "./visitor.mjs";

export const { axe, chromium } = packages();
export const program_file = process.argv[2];
export const program = new Program(program_file);
const url = await program.start();
export const browser = await chromium.launch({
  executablePath: chromium_path(),
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});

after(async () => {
  await browser.close();
  await program.stop();
});

const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true });
export const visitor = await Visitor.arrive(context, url);
export const { page } = visitor;
await visitor.is_connected();

// One that has failed leaves no dialog before the next.
beforeEach(() => page.evaluate(() => document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close())));
