// A new part of the work opens at once and takes the letters typed from then on; the server hears of it with its
// first save (docs/decisions/0015). <form data-begins="id of a template" data-place="id of where it goes">, with
// data-text="id" of a text that it begins with. Hidden inputs marked data-brings go along. In the template the nil
// UUID stands for the part's key.
(() => {
  const NIL = "00000000-0000-0000-0000-000000000000";

  /** A random UUID. crypto.randomUUID exists on secure origins only, and a study may run on a plain local network. */
  function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  function newPart(id) {
    const copy = document.createElement("template");
    copy.innerHTML = document.getElementById(id).innerHTML.replaceAll(NIL, newKey());
    return copy.content.firstElementChild;
  }

  function begin(opener) {
    const { begins, place, text } = opener.dataset;
    const part = newPart(begins);
    const form = part.closest("[data-new]") ?? part.querySelector("[data-new]");
    for (const brought of opener.querySelectorAll("[data-brings]")) form.prepend(brought.cloneNode());
    const field = form.querySelector("[data-takes-focus]");
    field.removeAttribute("data-takes-focus");
    if (text) field.value = document.getElementById(text).textContent;
    document.getElementById(place).append(part);
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
    htmx.process(part);
    field.dispatchEvent(new Event("input", { bubbles: true })); // as if typed: it is to be saved, and may grow
    document.dispatchEvent(new CustomEvent("save-now"));
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-begins] button")?.form;
    if (!opener) return;
    event.preventDefault();
    if (event.detail < 2) begin(opener); // the second click of a double click begins nothing
  });
})();
