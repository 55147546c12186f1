// Focus after a swap: [data-takes-focus] in what came takes it, but only from what the swap took away. Whoever has
// gone on to write elsewhere keeps writing there.
document.addEventListener("htmx:after:swap", () => {
  for (const taker of document.querySelectorAll("[data-takes-focus]")) {
    taker.removeAttribute("data-takes-focus");
    if (document.activeElement === document.body || !document.activeElement) taker.focus();
  }
});
