// Swaps in what the server sends: an event's name is that of the place it is for.
(() => {
  const { events: address, visible } = document.currentScript.dataset;
  const places = document.querySelectorAll("[data-live]");
  const pause = document.querySelector("[data-pause]");
  let source, late, isPaused = false;

  function connect() {
    source = new EventSource(address);
    for (const place of places) {
      source.addEventListener(place.dataset.live, (event) => {
        if (place.dataset.keep) return isPaused || add(place, event.data);
        const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
        const page = new DOMParser().parseFromString(event.data, "text/html");
        place.replaceChildren(...page.body.childNodes);
        if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
      });
    }
    source.addEventListener("open", () => {
      // A new connection tells from the beginning.
      for (const place of places) if (place.dataset.keep && !isPaused) place.replaceChildren();
      clearTimeout(late);
      late = undefined;
      document.body.classList.remove("stale");
    });
    // Whoever is shown an old page should know; a moment without a connection makes none.
    source.addEventListener("error", () => {
      late ??= setTimeout(() => document.body.classList.add("stale"), 3000);
    });
  }

  function disconnect() {
    source.close();
    clearTimeout(late);
    late = undefined;
  }

  // Some places grow: the newest is last, and the oldest go.
  function add(place, html) {
    const isAtEnd = place.scrollHeight - place.scrollTop - place.clientHeight < 40;
    const page = new DOMParser().parseFromString(html, "text/html");
    place.append(...page.body.childNodes);
    while (place.childElementCount > Number(place.dataset.keep)) place.firstElementChild.remove();
    if (isAtEnd) place.scrollTop = place.scrollHeight;
  }

  if (pause) {
    pause.hidden = false;
    pause.addEventListener("click", () => {
      isPaused = !isPaused;
      pause.setAttribute("aria-pressed", String(isPaused));
      // Its other word is in the page, in the page's language.
      [pause.textContent, pause.dataset.pause] = [pause.dataset.pause, pause.textContent];
      // What came meanwhile is told by a new connection.
      if (!isPaused) { disconnect(); connect(); }
    });
  }
  // A browser has few connections to one server: pages that nobody sees hold none where they show little.
  if (visible) {
    document.addEventListener("visibilitychange", () => document.hidden ? disconnect() : connect());
    if (!document.hidden) connect(); else source = { close() {} };
  } else {
    connect();
  }
  addEventListener("pagehide", () => source.close());
})();
