// Where the focus goes when what had it is replaced: never to the body, where keys and screen readers are lost.
//
// [data-takes-focus] in what came takes it, but only from what went away: whoever has gone on to write elsewhere keeps
// writing there. Else the same control of what came, else the nearest part of the page that is still there. Observed,
// so that no key falls in between.
(() => {
  const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
  let last = null; // what had the focus, and the ids of what it stood in, the nearest first

  const name = (control) => control.getAttribute("aria-label") || control.name || control.getAttribute("href") || control.textContent.trim();

  function remember({ target }) {
    const around = [];
    for (let each = target; each; each = each.parentElement) if (each.id) around.push(each.id);
    last = { target, tag: target.localName, name: name(target), around };
  }

  function sameIn(region) {
    return [...region.querySelectorAll(CONTROLS)].find(
      (each) => each.localName === last.tag && name(each) === last.name && each.checkVisibility() && !each.disabled,
    );
  }

  function take(element) {
    if (!element.matches(CONTROLS)) element.tabIndex = -1;
    element.focus({ preventScroll: true });
    return document.activeElement === element;
  }

  function rescue() {
    for (const id of last.around) {
      const region = document.getElementById(id);
      if (!region?.checkVisibility()) continue;
      const same = region.id === last.target.id ? region : sameIn(region);
      if (take(same ?? region)) return;
    }
    take(document.getElementById("main"));
  }

  const isLost = () => document.activeElement === document.body || !document.activeElement;

  new MutationObserver(() => {
    for (const taker of document.querySelectorAll("[data-takes-focus]")) {
      taker.removeAttribute("data-takes-focus");
      if (isLost()) taker.focus();
    }
    if (last && isLost() && !last.target.isConnected) rescue();
  }).observe(document.documentElement, { childList: true, subtree: true });

  document.addEventListener("focusin", remember);
  document.addEventListener("click", () => isLost() && (last = null)); // who leaves a field for the page means it
})();
