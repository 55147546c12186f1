// Typing ahead where only the server can begin something: a form that asks for it shows its [data-ahead] field at once,
// which takes the letters typed meanwhile. The [data-takes-focus] field of what comes takes over text and cursor.
(() => {
  let asked = null; // the field whose text what comes is to take over
  const ahead = (form) => form?.querySelector?.("[data-ahead]");

  document.addEventListener("submit", (event) => {
    const field = ahead(event.target);
    if (!field) return;
    field.hidden = false;
    field.focus();
  });

  /** Hand the text over as soon as its new field is in the page: before any further key, and before focus.js looks. */
  new MutationObserver(() => {
    const taker = document.querySelector("[data-takes-focus]");
    if (!asked || asked.isConnected || !taker) return;
    taker.removeAttribute("data-takes-focus");
    taker.value = asked.value;
    taker.focus();
    taker.setSelectionRange(asked.selectionStart, asked.selectionEnd);
    taker.dispatchEvent(new Event("input", { bubbles: true }));
    asked = null;
  }).observe(document.documentElement, { childList: true, subtree: true });

  document.addEventListener("htmx:before:swap", (event) => {
    const field = ahead(event.detail.ctx.sourceElement);
    if (field && event.detail.ctx.response.status < 400) asked = field;
  });
})();
