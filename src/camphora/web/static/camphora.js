// Enhancements only: every page works without this file. Sets theme and size at once, closes menus, copies JSON.
(() => {
  "use strict";
  const root = document.documentElement;
  const remember = (name, value) => {
    const secure = location.protocol === "https:" ? ";secure" : "";
    document.cookie = `${name}=${value};path=/;max-age=31536000;samesite=lax${secure}`;
  };

  document.addEventListener("click", (event) => {
    const setter = event.target.closest("[data-set]");
    if (setter) {
      event.preventDefault();
      const { set, value } = setter.dataset;
      const next = set === "size" && root.dataset.size === value ? "" : value;
      if (next) root.dataset[set] = next;
      else delete root.dataset[set];
      remember(set, next);
      mark();
    }
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  const mark = () => {
    for (const setter of document.querySelectorAll("[data-set]")) {
      const { set, value } = setter.dataset;
      const on = (root.dataset[set] || "") === value;
      if (on) setter.setAttribute("aria-current", "true");
      else setter.removeAttribute("aria-current");
    }
  };
  mark();

  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = button.dataset.done;
    });
  }
})();
