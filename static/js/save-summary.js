// The line for the whole page: the latest save, or that something is not saved yet. Only that something is not saved,
// and that it is again, is announced: a time of saving after every pause would talk over the work.
(() => {
  const isWaiting = () => document.querySelector("[data-unsaved]") !== null;
  const isInTrouble = () => isWaiting() && document.querySelector("[data-conflict], [data-refused], .unsaved") !== null;
  let troubleTold = false;

  function announce() {
    const trouble = isInTrouble();
    if (trouble === troubleTold || (isWaiting() && !trouble)) return;
    troubleTold = trouble;
    const line = document.querySelector("[data-announce]");
    if (line) line.textContent = trouble ? "Not all is saved." : "Everything is saved again.";
  }

  document.addEventListener("unsaved-changed", () => {
    document.querySelector("[data-save-summary]")?.classList.toggle("waiting", isWaiting());
    announce();
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const saved = event.detail.ctx.sourceElement.querySelector?.("[data-save-status] .saved");
    if (saved) document.querySelector("[data-save-summary]")?.replaceChildren(saved.cloneNode(true));
  });
})();
