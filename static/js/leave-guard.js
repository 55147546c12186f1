// Asks before a page with something unsaved (data-unsaved, see autosave.js; data-ahead, see ahead.js) is left, unless by a button that
// means to leave it behind (data-leaves).
(() => {
  let leaving = false;
  document.addEventListener("submit", (event) => {
    leaving = event.submitter?.matches("[data-leaves]") ?? false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (leaving) return;
    const ahead = [...document.querySelectorAll("[data-ahead]")].some((field) => field.value);
    if (ahead || document.querySelector("[data-unsaved]")) event.preventDefault();
  });
})();
