// Goes on once the server that starts anew answers again.
const link = document.querySelector("[data-when-back]");
const began = Date.now();
async function look() {
  try {
    const answer = await fetch(link.href, { redirect: "manual", cache: "no-store" });
    // The process that ends may still answer for a moment.
    if (answer.status < 500 && Date.now() - began > 2000) {
      location.replace(link.href);
      return;
    }
  } catch {
    // Not yet.
  }
  setTimeout(look, 500);
}
setTimeout(look, 1000);
