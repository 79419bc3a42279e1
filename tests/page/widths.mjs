// The page as axe-core and a ruler see it.
import assert from "node:assert/strict";
import { axe, page, visitor } from "./session.mjs";

const kWidths = [360, 800, 1280];

export async function look_at_all_widths(what) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const width of kWidths) {
      await page.setViewportSize({ width, height: 900 });
      await visitor.is_accessible(axe, `${what}, ${colorScheme}, ${width}`);
      const wide = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      assert.equal(wide, 0, `nothing is wider than ${width}`);
    }
  }
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "no-preference" });
}
