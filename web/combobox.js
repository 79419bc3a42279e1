// A text field with a list of the names that fit: ARIA's editable combobox with a listbox.
import { element } from "./dom.js";

const kMostShown = 150;

// The names that have `query` in them: those that begin with it first, then those with a word that does.
export function matches(names, query) {
  const wanted = query.trim().toLowerCase();
  if (!wanted) return names;
  const ranks = [[], [], []];
  for (const name of names) {
    const at = name.toLowerCase().indexOf(wanted);
    if (at < 0) continue;
    const is_word = at > 0 && /[^\p{L}\p{N}]/u.test(name[at - 1]);
    ranks[at === 0 ? 0 : is_word ? 1 : 2].push(name);
  }
  return ranks.flat();
}

function note_of(found, rest) {
  if (!found) return "No name has that in it.";
  if (rest) return `${rest} more: type a part of the name.`;
  return found === 1 ? "1 name" : `${found} names`;
}

export class Combobox {
  // `parts`: the input, the popup around the list, the list, and a note below it. `changed` is called with the text.
  constructor({ input, popup, list, note }, changed) {
    Object.assign(this, { input, popup, list, note, changed });
    this.names = [];
    this.shown = [];
    this.active = -1;
    input.addEventListener("input", () => {
      this.changed();
      this.open(input.value);
    });
    input.addEventListener("click", () => this.open(""));
    input.addEventListener("blur", () => this.close());
    input.addEventListener("keydown", (event) => this.key(event));
    // The field keeps the focus while the list is used by a pointer.
    popup.addEventListener("pointerdown", (event) => event.preventDefault());
    popup.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.take(option.dataset.name);
    });
  }

  get is_open() {
    return !this.popup.hidden;
  }

  open(query) {
    const found = matches(this.names, query);
    this.shown = found.slice(0, kMostShown);
    this.list.replaceChildren(...this.shown.map((name, i) => this.option(name, i)));
    const rest = found.length - this.shown.length;
    this.note.textContent = note_of(found.length, rest);
    this.popup.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.activate(query ? -1 : this.shown.indexOf(this.input.value));
  }

  option(name, i) {
    return element(
      "li",
      { role: "option", id: `${this.list.id}-${i}`, "data-name": name, "aria-selected": "false" },
      name,
    );
  }

  close() {
    this.popup.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.activate(-1);
  }

  activate(i) {
    this.list.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
    this.active = i;
    const option = this.list.children[i];
    if (!option) {
      this.input.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    this.input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  take(name) {
    this.input.value = name;
    this.close();
    this.changed();
  }

  move(to) {
    if (!this.is_open) this.open("");
    else if (this.shown.length) this.activate((to + this.shown.length) % this.shown.length);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey) {
      if (event.key === "Enter") this.close();
      return;
    }
    const actions = {
      ArrowDown: () => this.move(this.active + 1),
      ArrowUp: () => this.move(this.active < 0 ? -1 : this.active - 1),
      PageDown: () => this.move(Math.min(this.active + 8, this.shown.length - 1)),
      PageUp: () => this.move(Math.max(this.active - 8, 0)),
      Escape: () => (this.is_open ? this.close() : this.take("")),
      Enter: () => this.active >= 0 && this.take(this.shown[this.active]),
    };
    const is_for_list = event.key !== "Enter" || (this.is_open && this.active >= 0);
    if (!actions[event.key] || !is_for_list) return;
    event.preventDefault();
    actions[event.key]();
  }
}
