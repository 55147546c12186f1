// Quotes: select words in a text that can be quoted, press data-quote in a critique's form (data-quotes), or q.
//
// Quotable are the passage and, for each critique, the text that it is about: the last [data-quotable] before it.
// Offsets are UTF-16 units of the stored text. The browser shows CR LF as LF, so the places where it did (data-crlf,
// counted in the text shown) are what turns one count into the other.
(() => {
  const passage = () => document.querySelector("pre.passage");
  const places = (text) => {
    const written = text === passage() ? document.querySelector("[data-quoting]").dataset.passageCrlf : text.dataset.crlf;
    return written ? written.split(" ").map(Number) : [];
  };
  const toStored = (text, shown) => shown + places(text).filter((place) => place < shown).length;
  const toShown = (text, stored) => stored - places(text).filter((place, before) => place + before < stored).length;

  /** What is selected inside one quotable text, kept when the selection goes (a touch on a button takes it). */
  let selected = null;
  let active = null; // the critique one is at

  /** The text that a critique is about. */
  function criticised(form) {
    const texts = form.closest("article").querySelectorAll("[data-quotable]");
    return [...texts].filter((text) => text.compareDocumentPosition(form) & Node.DOCUMENT_POSITION_FOLLOWING && !form.contains(text)).at(-1);
  }

  function rangeOf(text, begin, end) {
    const node = text.firstChild;
    const range = new Range();
    range.setStart(node, Math.min(begin, node.length));
    range.setEnd(node, Math.min(end, node.length));
    return range;
  }

  /** The part of the selection that lies in this text, in units of the text shown; null if none does. */
  function partIn(text, range) {
    if (!text?.firstChild || !range.intersectsNode(text)) return null;
    const node = text.firstChild;
    const begin = range.comparePoint(node, 0) < 0 ? range.startOffset : 0;
    const end = range.comparePoint(node, node.length) > 0 ? range.endOffset : node.length;
    return begin < end ? { text, begin, end } : null;
  }

  function highlight(name, ranges) {
    if (globalThis.Highlight) CSS.highlights.set(name, new Highlight(...ranges));
  }

  function showQuotes() {
    const ranges = [];
    if (active?.isConnected) {
      for (const input of active.querySelectorAll("[data-quote-list] input")) {
        const text = input.name === "text_quotes" ? passage() : criticised(active);
        const [begin, end] = input.value.split("-").map(Number);
        if (text?.firstChild) ranges.push(rangeOf(text, toShown(text, begin), toShown(text, end)));
      }
    }
    highlight("quoted", ranges);
  }

  function remember() {
    const selection = document.getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return;
    const range = selection.getRangeAt(0);
    const texts = [passage(), ...document.querySelectorAll("[data-quotable]")];
    selected = texts.map((text) => partIn(text, range)).find(Boolean) ?? null;
    highlight("selected-to-quote", selected ? [rangeOf(selected.text, selected.begin, selected.end)] : []);
  }
  document.addEventListener("selectionchange", remember);

  function say(form, text) {
    form.querySelector("[data-quote-status]").textContent = text;
  }

  function quote(form) {
    remember(); // the event may be late
    const about = criticised(form);
    if (!selected || (selected.text !== passage() && selected.text !== about)) {
      return say(form, "Select words in the text, or in the answer that this critique is about, first.");
    }
    const { text, begin, end } = selected;
    const name = text === passage() ? "text_quotes" : "response_quotes";
    const item = document.createElement("li");
    item.className = "quote";
    item.dataset.of = name;
    const input = Object.assign(document.createElement("input"), { type: "hidden", name, value: `${toStored(text, begin)}-${toStored(text, end)}` });
    const words = document.createElement("q");
    words.textContent = text.firstChild.data.slice(begin, end);
    const button = Object.assign(document.createElement("button"), { type: "button", className: "button small plain", textContent: "×" });
    button.dataset.unquote = "";
    button.setAttribute("aria-label", "Remove this quote");
    item.append(input, words, button);
    form.querySelector("[data-quote-list]").append(item);
    document.getSelection().removeAllRanges();
    selected = null;
    highlight("selected-to-quote", []);
    say(form, "");
    active = form;
    changed(form);
  }

  function changed(form) {
    showQuotes();
    for (const type of ["input", "change"]) form.dispatchEvent(new Event(type, { bubbles: true })); // it saves itself
  }

  // A press on the button must not take the selection away before it is read.
  document.addEventListener("mousedown", (event) => event.target.closest("[data-quote]") && event.preventDefault());
  document.addEventListener("click", (event) => {
    const form = event.target.closest("[data-quotes]");
    if (event.target.closest("[data-quote]")) return quote(form);
    const gone = event.target.closest("[data-unquote]");
    if (gone) {
      gone.closest(".quote").remove();
      active = form;
      changed(form);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "q" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("textarea, input, select")) return;
    const form = active?.isConnected ? active : [...document.querySelectorAll("[data-quotes]")].at(-1);
    if (form) quote(form);
  });
  document.addEventListener("focusin", (event) => {
    const form = event.target.closest("[data-quotes]");
    if (form && form !== active) (active = form), showQuotes();
  });
  document.addEventListener("htmx:after:swap", showQuotes);
})();
