// What the browser keeps for the next visit.

function stored(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // a browser that keeps nothing for this page
  }
}

export function recall(name) {
  try {
    return JSON.parse(stored(name));
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Full, or forbidden: the page works without.
  }
}
