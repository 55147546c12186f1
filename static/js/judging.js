// What is asked about critiques depends on what was said before: <form data-judged> with [data-critique]s and
// fieldsets [data-asks]. What is not asked is hidden and not sent, so the server forgets it; what was typed there
// comes back if it is asked again. The same rules as labeling/judging.py, which has the last word.
(() => {
  const said = (part, name) => part.querySelector(`fieldset:not([disabled]) [name="${name}"]:checked`)?.value;

  function ask(part, what, isAsked) {
    for (const fieldset of part.querySelectorAll(`[data-asks="${what}"]`)) {
      fieldset.hidden = fieldset.disabled = !isAsked;
    }
  }

  function settle(form) {
    const critiques = [...form.querySelectorAll("[data-critique]")];
    const verdicts = critiques.map((critique) => critique.querySelector("[name^=helpful-]:checked")?.value);
    const helpful = verdicts.filter((verdict) => verdict === "yes").length;
    const decided = verdicts.every(Boolean);
    critiques.forEach((critique, place) => {
      const isHelpful = verdicts[place] === "yes";
      ask(critique, "clearly", isHelpful);
      ask(critique, "severity", isHelpful);
      ask(critique, "tier", isHelpful && helpful >= 2);
    });
    ask(form, "better", decided && helpful > 0);
    ask(form, "critiqueable", decided && helpful === 0);
    ask(form, "own", said(form, "better") === "yes" || said(form, "critiqueable") === "yes");
  }

  // Before autosave.js looks at what there is to save.
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("[data-judged]");
    if (form) settle(form);
  }, { capture: true });
})();
