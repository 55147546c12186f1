// Submitting waits for what is still being saved: <form data-submit-when-saved hx-trigger="send">.
// What it brings along is brought up to date at "before-send". It waits only for what was there when the button was
// pressed: editing calls it off, and so does a save that the server refuses for good.
(() => {
  const waiting = new Map();

  const told = (form) => form.querySelector("[data-refusal]");

  function callOff(say) {
    for (const form of waiting.keys()) told(form).replaceChildren(say(form));
    waiting.clear();
  }

  function refusal(...content) {
    const box = Object.assign(document.createElement("div"), { className: "refusal" });
    const line = document.createElement("p");
    line.append(...content);
    box.setAttribute("role", "alert");
    box.append(line);
    return box;
  }

  /** Why this form could not be saved, in the server's words, and the way there. */
  function whyNot(form) {
    const reason = form.querySelector("[data-save-status]").cloneNode(true);
    reason.querySelectorAll("a[href^='#'], button, pre, .quiet").forEach((each) => each.remove());
    const show = Object.assign(document.createElement("button"), { type: "button", className: "button small", textContent: "Show where" });
    show.addEventListener("click", () => form.querySelector("textarea, input:not([type=hidden])").focus());
    const words = document.createElement("span");
    const [first, ...rest] = reason.querySelectorAll("p");
    words.append(...(first ? [first, ...rest] : [reason]).flatMap((each) => [...each.childNodes]));
    return refusal("Nothing was sent, because this could not be saved: ", words, " ", show);
  }

  function sendWhatIsReady() {
    const refused = document.querySelector("[data-refused]");
    if (refused) return callOff(() => whyNot(refused));
    if (document.querySelector("[data-unsaved]")) return;
    for (const [form, submitter] of waiting) {
      if (!form.hasAttribute("data-htmx-powered")) continue; // nobody would hear it yet
      waiting.delete(form);
      told(form).replaceChildren();
      document.dispatchEvent(new CustomEvent("before-send"));
      form.dispatchEvent(Object.assign(new CustomEvent("send"), { submitter }));
    }
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-submit-when-saved]")) return;
    event.preventDefault();
    const conflict = document.querySelector("[data-conflict]");
    if (conflict) return conflict.scrollIntoView({ block: "center" });
    waiting.set(event.target, event.submitter);
    document.dispatchEvent(new CustomEvent("save-now"));
    sendWhatIsReady();
    if (waiting.has(event.target)) told(event.target).textContent = "Submitting as soon as everything is saved…";
  });
  document.addEventListener("unsaved-changed", sendWhatIsReady);

  function edited(event) {
    if (waiting.has(event.target.closest("form"))) return;
    callOff((form) => {
      const button = form.querySelector("button:not([name])").textContent.trim();
      return refusal(`You went on working, so nothing was sent. Press “${button}” again when you are done.`);
    });
  }
  document.addEventListener("input", edited);
  document.addEventListener("click", (event) => {
    if (event.target.closest("button[hx-post], button[hx-get], [data-keep-mine]")) edited(event);
  });
})();
