// A refusal points at what is at fault, and goes as soon as its cause may be gone.
(() => {
  const holder = (place) => place?.closest("form, article");
  const pointedAt = (link) => holder(document.getElementById(decodeURIComponent(link.hash.slice(1))));

  /** Whether editing here may have mended what this refusal is about. Another tab's changes are still there. */
  function isMended(refusal, edited) {
    if (["409", "410"].includes(refusal.dataset.status)) return false;
    const about = document.querySelector(`form > #id_${CSS.escape(refusal.dataset.field)}, article > #id_${CSS.escape(refusal.dataset.field)}`);
    return !about || about.id === "id_rating" || holder(about).contains(edited);
  }

  function look(edited) {
    for (const refusal of document.querySelectorAll("[data-refusal] [data-field]")) {
      if (isMended(refusal, edited)) refusal.remove();
    }
  }

  // A link into a part of the work goes to its first field; coming from a refusal, it marks the part until it is edited.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const part = link && pointedAt(link);
    if (!part) return;
    event.preventDefault();
    part.toggleAttribute("data-wrong", link.closest(".refusal") !== null);
    part.querySelector("textarea, input:not([type=hidden]), button").focus();
  });
  document.addEventListener("input", ({ target }) => {
    target.closest("[data-wrong]")?.removeAttribute("data-wrong");
    look(target);
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const { sourceElement, response } = event.detail.ctx;
    if (response.status < 400 && !sourceElement.matches("[data-autosave], [data-active-time]")) look(sourceElement);
  });
})();
