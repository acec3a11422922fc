// Enhancements only: every page works without this file. Sets theme and size at once, closes menus, copies JSON,
// warns before idleness ends the session, which the server ends by itself.
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

  const idle = document.getElementById("idle");
  if (idle) {
    const PUT_OFF = 60e3, WARNED = 120e3, LATER = 3e3;
    const lasts = idle.dataset.seconds * 1000, text = idle.querySelector("p");
    const pages = new BroadcastChannel("camphora used");
    let changed = null, used = Date.now();
    const use = () => {
      used = Date.now();
      pages.postMessage("");
    };
    pages.onmessage = () => { used = Date.now(); };
    const stay = async () => {
      use();
      await fetch("/sign-in", { method: "HEAD" });
    };
    const leave = () => {
      if (!changed) return location.replace(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
      const only = document.createElement("input");
      Object.assign(only, { type: "hidden", name: "_draft", value: "1" });
      changed.append(only);
      HTMLFormElement.prototype.submit.call(changed);
    };
    const look = () => {
      const left = lasts - (Date.now() - used);
      const warn = left <= Math.min(WARNED, lasts / 2);
      if (warn === idle.hidden) {
        idle.hidden = !warn;
        text.textContent = warn ? text.dataset.text : "";
      }
      if (left > -LATER) return;
      clearInterval(watch);
      leave();
    };
    use();
    const watch = setInterval(look, 1000);
    document.addEventListener("input", (event) => {
      const form = event.target.form;
      if (form && form.method === "post") changed = form;
    });
    for (const kind of ["input", "keydown", "pointerdown", "scroll"]) {
      document.addEventListener(kind, () => Date.now() - used > PUT_OFF && idle.hidden && stay(), { passive: true });
    }
    document.addEventListener("htmx:afterRequest", use);
    document.addEventListener("visibilitychange", () => document.hidden || look());
    idle.querySelector("button").addEventListener("click", stay);
  }
})();
