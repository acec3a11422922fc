// The situation room looks for news by itself: what has changed is put in place, the reader's place stays.
(() => {
  "use strict";
  const room = document.querySelector("[data-room]");
  const root = document.documentElement;
  const said = document.getElementById("room-said");
  const parts = (from) => [...from.children].map((part) => part.innerHTML);
  const named = (node) => node.getAttribute("href") || node.getAttribute("aria-labelledby") || node.textContent;
  const all = (what) => [...room.querySelectorAll(what)];
  // What the reader looks at: the first named thing in sight, and how high it stands.
  const inSight = () => {
    const node = all("[id]").find((each) => each.getBoundingClientRect().top >= 0);
    return node && [node.id, node.getBoundingClientRect().top];
  };
  let was = parts(room);
  const put = (next) => {
    const now = parts(next), focused = room.contains(document.activeElement) ? document.activeElement : null;
    const kept = focused && [focused.tagName, named(focused)], [x, y] = [scrollX, scrollY], seen = inSight();
    const open = new Set(all("details[open] > summary").map((node) => node.textContent));
    const inner = new Map(all(".scroll").map((node) => [named(node), [node.scrollLeft, node.scrollTop]]));
    if (now.length !== was.length) room.replaceChildren(...next.cloneNode(true).children);
    else now.forEach((html, at) => { if (html !== was[at]) room.children[at].innerHTML = html; });
    was = now;
    for (const node of all("details > summary")) if (open.has(node.textContent)) node.parentElement.open = true;
    for (const node of all(".scroll")) [node.scrollLeft, node.scrollTop] = inner.get(named(node)) || [0, 0];
    if (kept && !focused.isConnected) {
      all(kept[0].toLowerCase()).find((node) => named(node) === kept[1])?.focus({ preventScroll: true });
    }
    scrollTo(x, y);
    const again = y && seen && document.getElementById(seen[0]);
    if (again) scrollBy(0, again.getBoundingClientRect().top - seen[1]);
  };
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { headers: { "x-unattended": "1" }, redirect: "error" });
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-room]");
      if (!answer.ok || !next) throw new Error("no room");
      if (parts(next).join() !== was.join()) put(next);
      const time = new Date().toLocaleTimeString(root.lang, { hour: "2-digit", minute: "2-digit" });
      said.textContent = said.dataset.at.replace("{time}", time);
    } catch {
      said.textContent = said.dataset.lost;
    }
  };
  setInterval(look, room.dataset.room * 1000);
  document.addEventListener("visibilitychange", look);
})();
