// Asks before a page with something unsaved (data-unsaved, see autosave.js) is left, unless by a button that
// means to leave it behind (data-leaves).
(() => {
  let leaving = false;
  document.addEventListener("submit", (event) => {
    leaving = event.submitter?.matches("[data-leaves]") ?? false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && document.querySelector("[data-unsaved]")) event.preventDefault();
  });
})();
