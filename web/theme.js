// Dark, light, or as the system has it; kept for the next visit.
import { $ } from "./dom.js";
import { recall, remember } from "./storage.js";

const kThemes = ["auto", "light", "dark"];

function show(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  $("theme-name").textContent = theme;
  $("theme").setAttribute("aria-label", `Theme: ${theme}`);
}

export function start_theme() {
  let theme = recall("pixnerd.theme");
  if (!kThemes.includes(theme)) theme = "auto";
  show(theme);
  $("theme").addEventListener("click", () => {
    theme = kThemes[(kThemes.indexOf(theme) + 1) % kThemes.length];
    remember("pixnerd.theme", theme);
    show(theme);
  });
}
