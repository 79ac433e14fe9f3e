// Keeps a page live: on each event the fragment is fetched, and only what changed is replaced.
// Focus stays where it is, and what was unfolded stays unfolded.
"use strict";
(() => {
  const body = document.body;
  const { events, fragment } = body.dataset;
  const badge = document.getElementById("live");
  let atElapsed = performance.now();

  // ----- what the server sent last, so that folds opened here do not count as changes
  const sent = new WeakMap();
  const key = (element) => sent.get(element) ?? element.innerHTML;
  for (const part of document.querySelectorAll("[data-part], [data-row]")) sent.set(part, part.innerHTML);

  const say = (state, words) => {
    if (badge && badge.dataset.live !== state) {
      badge.dataset.live = state;
      badge.textContent = words;
    }
  };

  /** Replaces the content of `old` by that of `fresh`; folds, focus and scrolling stay. */
  const swap = (old, fresh) => {
    if (old.className !== fresh.className) old.className = fresh.className;
    if (key(old) === fresh.innerHTML) return false;
    const html = fresh.innerHTML;
    const open = [...old.querySelectorAll("details")].map((fold) => fold.open);
    const scrolled = [old, ...old.querySelectorAll(".drawer, .whole")].map((box) => box.scrollTop);
    const able = "a[href], summary, [tabindex]";
    const focused = [...old.querySelectorAll(able)].indexOf(document.activeElement);
    old.replaceChildren(...fresh.childNodes);
    sent.set(old, html);
    [...old.querySelectorAll("details")].forEach((fold, n) => { fold.open = open[n] === true; });
    [old, ...old.querySelectorAll(".drawer, .whole")].forEach((box, n) => { box.scrollTop = scrolled[n] ?? 0; });
    if (focused >= 0) old.querySelectorAll(able)[focused]?.focus({ preventScroll: true });
    return true;
  };

  /** Rows are known by their call: a row that did not change keeps its element. */
  const swapRows = (old, fresh) => {
    const focused = document.activeElement?.closest?.("[data-row]")?.dataset.row;
    const known = new Map([...old.rows].map((row) => [row.dataset.row, row]));
    const rows = [...fresh.rows].map((row) => {
      const same = known.get(row.dataset.row);
      if (!same) {
        sent.set(row, row.innerHTML);
        return row;
      }
      swap(same, row);
      return same;
    });
    const order = rows.length === old.rows.length && rows.every((row, n) => row === old.rows[n]);
    if (order) return;
    old.replaceChildren(...rows);
    if (focused !== undefined) {
      const row = rows.find((one) => one.dataset.row === focused);
      row?.querySelector("a")?.focus({ preventScroll: true });
    }
  };

  const apply = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const fresh of page.querySelectorAll("[data-part]")) {
      const old = document.querySelector(`[data-part="${CSS.escape(fresh.dataset.part)}"]`);
      if (old && swap(old, fresh) && fresh.dataset.part === "steps") atElapsed = performance.now();
    }
    const [rows, freshRows] = [document, page].map((one) => one.querySelector("[data-rows]"));
    if (rows && freshRows) swapRows(rows, freshRows);
  };

  // ----- one request at a time; events that come meanwhile ask for one more
  let asking = false;
  let again = false;
  const refresh = async () => {
    if (!fragment) return;
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    try {
      const answer = await fetch(fragment, { credentials: "same-origin", cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      apply(await answer.text());
      say("live", "live");
    } catch {
      say("lost", "reconnecting");
    }
    asking = false;
    if (again) {
      again = false;
      // Bursts are answered at most ten times a second.
      setTimeout(refresh, 100);
    }
  };

  // A browser has six connections to a server over HTTP/1.1, and an open stream holds one of them:
  // a page that nobody sees, behind another tab or in the browser's history, gives its own back.
  let wait = 1000;
  let timer = 0;
  let stream = null;
  const hush = () => {
    clearTimeout(timer);
    stream?.close();
    stream = null;
  };
  const listen = () => {
    hush();
    const own = new EventSource(events);
    stream = own;
    own.addEventListener("open", () => {
      wait = 1000;
      refresh();
    });
    for (const name of ["message", "update", "stage", "payload", "call"]) own.addEventListener(name, refresh);
    own.addEventListener("error", () => {
      if (own !== stream) return;
      say("lost", "reconnecting");
      // The browser tries again by itself unless the server said no.
      if (own.readyState === EventSource.CLOSED) {
        timer = setTimeout(listen, wait);
        wait = Math.min(wait * 2, 30000);
      }
    });
  };
  if (events) {
    const seen = () => (document.visibilityState === "visible" ? listen() : hush());
    document.addEventListener("visibilitychange", seen);
    addEventListener("pagehide", hush);
    addEventListener("pageshow", (event) => {
      if (event.persisted) seen();
    });
    seen();
  }

  // ----- the time since the decision counts on
  const words = (ms) => {
    const s = Math.floor(ms / 1000);
    return s < 120 ? `${s} s` : `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
  };
  setInterval(() => {
    for (const clock of document.querySelectorAll("[data-elapsed][data-running]")) {
      const now = words(Number(clock.dataset.elapsed) + performance.now() - atElapsed);
      if (clock.textContent !== now) clock.textContent = now;
    }
  }, 500);

  // ----- a skip link leads to the fold itself
  document.querySelector(".skip")?.addEventListener("click", (event) => {
    const target = document.querySelector(event.target.getAttribute("href"));
    if (target?.tagName === "SUMMARY") {
      event.preventDefault();
      target.focus();
    }
  });
})();
