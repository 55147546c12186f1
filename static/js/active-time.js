// Counts the time with the page in view and a sign of life within the last minute, and reports the sum:
// <form data-active-time="ms so far" hx-trigger="report"> with an input named active_ms. Submitting brings that
// input along, since a report sent beside it could arrive after it.
(() => {
  const IDLE_MS = 60_000;
  const REPORT_MS = 15_000;
  let form, total, reported;
  let lastLife = performance.now();
  let counted = performance.now();

  /** Add what has passed since the last look, up to a minute after the last sign of life. */
  function count(visible = !document.hidden) {
    const now = performance.now();
    if (visible) total += Math.max(0, Math.min(now, lastLife + IDLE_MS) - counted);
    counted = now;
  }

  function alive() {
    count();
    lastLife = performance.now();
  }

  function fillIn() {
    count();
    reported = Math.round(total);
    form.elements.active_ms.value = reported;
  }

  function report() {
    const before = reported;
    fillIn();
    if (reported !== before) htmx.trigger(form, "report");
  }

  document.addEventListener("DOMContentLoaded", () => {
    form = document.querySelector("[data-active-time]");
    if (!form) return;
    total = reported = Number(form.dataset.activeTime);
    for (const sign of ["keydown", "pointerdown", "pointermove", "wheel", "scroll", "focusin"]) {
      document.addEventListener(sign, alive, { capture: true, passive: true });
    }
    document.addEventListener("visibilitychange", () => {
      count(document.hidden); // it was in view until now, or was not
      if (document.hidden) report();
      else lastLife = performance.now();
    });
    document.addEventListener("before-send", fillIn);
    setInterval(report, REPORT_MS);
  });
})();
