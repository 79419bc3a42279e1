// Elements of the page, found and made.

export const kTwoColumns = 760; // pixels, as base.css has it

export const $ = (id) => document.getElementById(id);

// An element with properties (`class` among them, `aria-...` and `data-...` as attributes) and children.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name === "class") made.className = value;
    else if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `/page/icons.svg#${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

// Said by screen readers, seen by nobody.
export function announce(text) {
  $("announcer").textContent = text;
}

let hiding = 0;

// Said over the page for some seconds.
export function notice(text) {
  clearTimeout(hiding);
  $("notice").textContent = text;
  $("notice").hidden = false;
  hiding = setTimeout(() => ($("notice").hidden = true), 8000);
}

// Small pictures are shown enlarged pixel by pixel.
export function picture_class(width, height) {
  return Math.max(width, height) <= 256 ? "pixelated" : "";
}

export function save_file(name, blob) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
