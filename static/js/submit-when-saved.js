// Submitting waits for what is still being saved: <form data-submit-when-saved hx-trigger="send">.
// What it brings along is brought up to date at "before-send".
(() => {
  const waiting = new Map();

  function sendWhatIsReady() {
    if (document.querySelector("[data-unsaved]")) return;
    for (const [form, submitter] of waiting) {
      if (!form.hasAttribute("data-htmx-powered")) continue; // nobody would hear it yet
      waiting.delete(form);
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
    if (waiting.size) event.target.querySelector("[data-refusal]").textContent = "Submitting as soon as everything is saved…";
  });
  document.addEventListener("unsaved-changed", sendWhatIsReady);
})();
