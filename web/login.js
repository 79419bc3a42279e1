// The dialog for the server's token, where it wants one.
import * as api from "./api.js";
import { $ } from "./dom.js";

let asking = null;

// Resolves to true once the server has taken a token. Whoever asks meanwhile waits for the same dialog.
export function ask_token() {
  asking ??= new Promise((resolve) => {
    const form = $("login-form");
    const enter = async (event) => {
      event.preventDefault();
      const complaint = await api.log_in($("token").value).catch((error) => error.message);
      $("login-error").textContent = complaint || "";
      $("login-error").hidden = !complaint;
      if (complaint) return $("token").select();
      form.removeEventListener("submit", enter);
      $("token").value = "";
      $("login").close();
      asking = null;
      resolve(true);
    };
    form.addEventListener("submit", enter);
    // There is nothing behind it that works.
    $("login").addEventListener("cancel", (event) => event.preventDefault());
    $("login").showModal();
  });
  return asking;
}
