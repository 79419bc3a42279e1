// The page in Chromium, drawn with by people of several habits:  node page_test.mjs PROGRAM
// Exits with 77 where Chromium or the packages of package.json are not there.
import { chromium_path, packages } from "./program.mjs";

if (!packages() || !chromium_path()) {
  console.log(
    `skipped: ${chromium_path() ? "the packages of tests/page are" : "Chromium is"} not there (tools/page_packages.sh)`,
  );
  process.exit(77);
}
for (const cases of ["drawing", "editing", "trouble"]) await import(`./${cases}_cases.mjs`);
