// Shows moments by the reader's own clock: <time datetime="…" data-local="time"> or "date-time".
(() => {
  const pad = (number) => String(number).padStart(2, "0");
  const show = (element) => {
    const at = new Date(element.dateTime);
    const time = `${pad(at.getHours())}:${pad(at.getMinutes())}`;
    element.textContent =
      element.dataset.local === "time"
        ? `${time}:${pad(at.getSeconds())}`
        : `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${time}`;
  };
  const showAll = () => document.querySelectorAll("time[data-local]").forEach(show);
  document.addEventListener("DOMContentLoaded", showAll);
  document.addEventListener("htmx:after:swap", showAll);
})();
