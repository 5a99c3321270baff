// Swaps in what the server sends: an event's name is that of the place it is for.
(() => {
  const address = document.currentScript.dataset.events;
  const places = document.querySelectorAll("[data-live]");
  const source = new EventSource(address);
  for (const place of places) {
    source.addEventListener(place.dataset.live, (event) => {
      const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
      const page = new DOMParser().parseFromString(event.data, "text/html");
      place.replaceChildren(...page.body.childNodes);
      if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    });
  }
  // Whoever is shown an old page should know.
  source.addEventListener("error", () => document.body.classList.add("stale"));
  source.addEventListener("open", () => document.body.classList.remove("stale"));
  addEventListener("pagehide", () => source.close());
})();
