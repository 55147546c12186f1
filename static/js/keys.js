// Keys press buttons: data-key="n" is pressed by n, data-key="ctrl+Enter" by Ctrl+Enter (or Command+Enter). What is
// no button takes the focus. While somebody types, plain letters and digits are text. What they do, they do in the
// page at once, never after an answer of the server, so no letter typed ahead meets a key (docs/decisions/0015).
// Keys of buttons in [data-keys-inside] count only while the focus is there: a sentence that begins with a digit
// uses nothing. Among radio buttons a digit chooses one of them and presses nothing else.
(() => {
  const isTyping = (element) => element.matches("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])");
  const isText = (key) => key.length === 1;

  function choose(radio, value) {
    const chosen = [...radio.form.elements[radio.name]].find((each) => each.value === value);
    chosen?.focus();
    chosen?.click();
  }

  /** What this key is for, seen from where the focus is. */
  function keyed(name, from) {
    return [...document.querySelectorAll(`[data-key="${CSS.escape(name)}"]`)].find((element) => {
      const region = element.parentElement.closest("[data-keys-inside]");
      return element.checkVisibility() && (!region || region.contains(from));
    });
  }

  /** What ends the work is pressed by its key only where the focus is on it already; the first press asks. */
  function press(element) {
    if (!element.matches("button")) element.focus();
    else if (element.dataset.asks && element !== document.activeElement) ask(element);
    else element.click();
  }

  function ask(button) {
    const told = button.form.querySelector("[data-refusal]");
    const question = Object.assign(document.createElement("p"), { textContent: button.dataset.asks });
    question.setAttribute("role", "status");
    told.replaceChildren(question);
    button.focus();
    button.addEventListener("blur", () => question.remove(), { once: true });
  }

  /** Ctrl+Enter in a part of the work closes it: the focus goes to where the next part is begun. */
  function close(part) {
    document.querySelector(part.dataset.closesTo).focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.altKey || event.isComposing) return;
    const commanded = event.ctrlKey || event.metaKey;
    if (isTyping(event.target) && isText(event.key) && !commanded) return;
    if (event.target.matches("[type=radio]") && /^\d$/.test(event.key)) return choose(event.target, event.key);
    const part = commanded && event.key === "Enter" && event.target.closest("[data-closes-to]");
    if (part) return event.preventDefault(), close(part);
    const element = keyed((commanded ? "ctrl+" : "") + event.key, event.target);
    if (!element) return;
    event.preventDefault();
    press(element);
  });
})();
