// Goes on once the server that starts anew answers, and not the one that ends.
const link = document.querySelector("[data-life]");
async function look() {
  try {
    const answer = await fetch(link.href, { cache: "no-store" });
    const text = await answer.text();
    if (answer.ok && !text.includes(link.dataset.life)) {
      location.replace(link.href);
      return;
    }
  } catch {
    // Nobody answers yet.
  }
  setTimeout(look, 500);
}
setTimeout(look, 500);
