// Focus where a fragment took the place of another: [data-takes-focus] in what came takes it, but only from what went
// away. Whoever has gone on to write elsewhere keeps writing there. Observed, so that no key falls in between.
new MutationObserver(() => {
  for (const taker of document.querySelectorAll("[data-takes-focus]")) {
    taker.removeAttribute("data-takes-focus");
    if (document.activeElement === document.body || !document.activeElement) taker.focus();
  }
}).observe(document.documentElement, { childList: true, subtree: true });
