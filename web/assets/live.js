// Swaps in what the server sends: an event's name is that of the place it is for.
(() => {
  const address = document.currentScript.dataset.events;
  const places = document.querySelectorAll("[data-live]");
  const source = new EventSource(address);
  for (const place of places) {
    source.addEventListener(place.dataset.live, (event) => {
      if (place.dataset.keep) return add(place, event.data);
      const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
      const page = new DOMParser().parseFromString(event.data, "text/html");
      place.replaceChildren(...page.body.childNodes);
      if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    });
  }
  // Some places grow: the newest is last, and the oldest go.
  function add(place, html) {
    const isAtEnd = place.scrollHeight - place.scrollTop - place.clientHeight < 40;
    const page = new DOMParser().parseFromString(html, "text/html");
    place.append(...page.body.childNodes);
    while (place.childElementCount > Number(place.dataset.keep)) place.firstElementChild.remove();
    if (isAtEnd) place.scrollTop = place.scrollHeight;
  }
  // A new connection tells from the beginning.
  source.addEventListener("open", () => {
    for (const place of places) if (place.dataset.keep) place.replaceChildren();
  });
  // Whoever is shown an old page should know.
  source.addEventListener("error", () => document.body.classList.add("stale"));
  source.addEventListener("open", () => document.body.classList.remove("stale"));
  addEventListener("pagehide", () => source.close());
})();
