// Keys press buttons: data-key="n" is pressed by n, data-key="ctrl+Enter" by Ctrl+Enter (or Command+Enter).
// While somebody types, only the latter kind counts, and Escape leaves the field. Among radio buttons a digit
// chooses one of them and presses nothing else.
(() => {
  const isTyping = (element) => element.matches("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])");

  function choose(radio, value) {
    const chosen = [...radio.form.elements[radio.name]].find((each) => each.value === value);
    chosen?.focus();
    chosen?.click();
  }

  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.altKey || event.isComposing) return;
    const typing = isTyping(event.target);
    if (typing && event.key === "Escape") return event.target.blur();
    const commanded = event.ctrlKey || event.metaKey;
    if (typing && !commanded) return;
    if (event.target.matches("[type=radio]") && /^\d$/.test(event.key)) return choose(event.target, event.key);
    const button = document.querySelector(`[data-key="${CSS.escape((commanded ? "ctrl+" : "") + event.key)}"]`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });
})();
