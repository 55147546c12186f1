// The place in the text where somebody was reading is kept over reloads, for as long as the tab is open.
document.addEventListener("DOMContentLoaded", () => {
  const pane = document.querySelector(".passage-pane");
  const key = `reading-position ${location.pathname}`;
  pane.scrollTop = Number(sessionStorage.getItem(key) ?? 0);
  window.addEventListener("pagehide", () => sessionStorage.setItem(key, String(pane.scrollTop)));
});
