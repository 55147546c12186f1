// A form that saves itself: <form data-autosave hx-post="…" hx-trigger="save">, with a [data-save-status] inside.
//
// Typing is saved 400 ms after it pauses, a choice at once. One request at a time; one that got no answer is
// sent again exactly as it was (repeating it is harmless) before anything newer, so that a save the server
// kept but could not confirm is never mistaken for somebody else's. A form with something unsaved carries
// data-unsaved; one whose content the server has refused for good carries data-refused until it is edited. After a
// conflict (data-conflict in its status) it waits for its reader's choice. A form with data-new is not on the server
// yet: its first save begins it there, after all that were begun before it in the page.
(() => {
  const PAUSE_MS = 400;
  const LONGEST_WAIT_MS = 30_000;
  const TOLD = [409, 410, 422]; // these come with a fragment that says why
  const FINAL = [...TOLD, 400, 403, 404, 413]; // trying again would change nothing
  const OURS = ["csrfmiddlewaretoken", "base_revision", "seen"]; // fields that nobody types
  const states = new WeakMap();

  const selfSaving = (element) => element?.closest?.("[data-autosave]");
  const status = (form) => form.querySelector("[data-save-status]");

  const asText = (entries) =>
    new URLSearchParams(
      [...entries]
        .filter(([name]) => !OURS.includes(name))
        .map(([name, value]) => [name, value.replaceAll("\r\n", "\n")]),
    ).toString();

  /** What stands in the form now, of what its reader can change. */
  const content = (form) => asText(new FormData(form));

  /** What the server put there: all that can be called saved before the first save. */
  function rendered(form) {
    const entries = [];
    for (const field of form.elements) {
      if (!field.name || field.matches(":disabled, button")) continue;
      if (field.matches("[type=radio], [type=checkbox]")) {
        if (field.defaultChecked) entries.push([field.name, field.value]);
      } else if (field.matches("select")) {
        const chosen = [...field.options].find((option) => option.defaultSelected) ?? field.options[0];
        if (chosen) entries.push([field.name, chosen.value]);
      } else entries.push([field.name, field.defaultValue]);
    }
    return asText(entries);
  }

  function state(form) {
    if (!states.has(form)) {
      const saved = form.hasAttribute("data-new") ? null : rendered(form);
      states.set(form, { saved, asked: null, busy: false, failures: 0, timer: 0 });
    }
    return states.get(form);
  }

  function mark(form) {
    const { saved, asked } = state(form);
    form.toggleAttribute("data-unsaved", asked !== null || content(form) !== saved);
    document.dispatchEvent(new CustomEvent("unsaved-changed"));
  }

  function say(form, text) {
    const line = document.createElement("span");
    line.className = "unsaved";
    line.textContent = text;
    status(form).replaceChildren(line);
  }

  /** Whether something that was begun earlier is still to begin on the server: order counts, and a flaw needs its question. */
  function waitsItsTurn(form) {
    return form.hasAttribute("data-new") && document.querySelector("[data-new]:not([data-refused])") !== form;
  }

  function saveIn(form, ms) {
    const own = state(form);
    clearTimeout(own.timer);
    own.timer = setTimeout(() => save(form), ms);
  }

  function save(form) {
    const own = state(form);
    clearTimeout(own.timer);
    if (own.busy || !form.isConnected || form.querySelector("[data-conflict]")) return;
    if (!form.hasAttribute("data-htmx-powered")) return; // nobody would hear it yet: see htmx:after:process
    if (waitsItsTurn(form)) return;
    if (own.asked === null && content(form) === own.saved) return;
    form.removeAttribute("data-refused");
    own.asked ??= new FormData(form);
    own.busy = true;
    htmx.trigger(form, "save");
  }

  function failed(form) {
    const own = state(form);
    own.failures += 1;
    say(form, "Not saved yet, trying again…");
    saveIn(form, Math.min(LONGEST_WAIT_MS, 500 * 2 ** own.failures));
  }

  function answered(form, code) {
    const own = state(form);
    own.failures = 0;
    if (code < 300) {
      own.saved = asText(own.asked);
      form.removeAttribute("data-new");
    } else {
      form.setAttribute("data-refused", "");
      if (!TOLD.includes(code)) say(form, `Not saved: the server refused it (${code}).`);
    }
    own.asked = null;
    document.querySelectorAll("[data-new]").forEach(save); // perhaps one that waited its turn
  }

  document.addEventListener("input", (event) => {
    const form = selfSaving(event.target);
    if (!form) return;
    form.removeAttribute("data-refused");
    const writes = event.target.matches("textarea, input:not([type=radio], [type=checkbox])");
    if (writes && state(form).failures === 0) saveIn(form, PAUSE_MS);
    mark(form);
  });
  document.addEventListener("change", (event) => {
    const form = selfSaving(event.target);
    if (!form) return;
    mark(form);
    save(form);
  });
  document.addEventListener("submit", (event) => {
    const form = selfSaving(event.target);
    if (!form) return;
    event.preventDefault();
    save(form);
  });
  const unsaved = () => document.querySelectorAll("[data-unsaved]");
  document.addEventListener("save-now", () => unsaved().forEach(save));
  window.addEventListener("online", () => unsaved().forEach(save));
  window.addEventListener("focus", () => unsaved().forEach(save)); // perhaps back from signing in again
  document.addEventListener("htmx:after:process", () => {
    document.querySelectorAll("[data-autosave]").forEach(mark); // somebody may have typed before htmx was ready
    unsaved().forEach((form) => saveIn(form, PAUSE_MS));
  });

  document.addEventListener("htmx:config:request", (event) => {
    const { sourceElement, request } = event.detail.ctx;
    if (!sourceElement.matches("[data-autosave]")) return;
    request.body = new FormData();
    for (const [name, value] of state(sourceElement).asked) {
      if (name !== "csrfmiddlewaretoken") request.body.append(name, value);
    }
  });
  document.addEventListener("htmx:finally:request", (event) => {
    const { sourceElement: form, response } = event.detail.ctx;
    if (!form.matches("[data-autosave]") || !state(form).busy) return; // busy: it was a save, not a button inside
    const code = response?.status ?? 0;
    state(form).busy = false;
    if (code && (code < 300 || FINAL.includes(code))) answered(form, code);
    else failed(form);
    mark(form);
    if (code && code < 300) saveIn(form, PAUSE_MS); // what was typed meanwhile
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-keep-mine]");
    if (!button) return;
    const form = selfSaving(button);
    form.elements.base_revision.value = button.dataset.keepMine;
    status(form).replaceChildren();
    state(form).saved = null; // whatever stands here is to be saved over the other
    save(form);
    form.querySelector("textarea, input:not([type=hidden])").focus();
  });
})();
