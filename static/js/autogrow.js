// Text areas grow with their text where the style sheet cannot make them (field-sizing: content).
if (!CSS.supports("field-sizing", "content")) {
  const grow = (area) => {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  };
  const growAll = () => document.querySelectorAll("textarea").forEach(grow);
  document.addEventListener("input", (event) => event.target.matches("textarea") && grow(event.target));
  document.addEventListener("DOMContentLoaded", growAll);
  document.addEventListener("htmx:after:swap", growAll);
}
