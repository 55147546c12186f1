// Tells what no fragment can: the server did not answer, or answered with something that is no fragment.
// Forms that save themselves tell it in place (autosave.js).
(() => {
  const tell = (text) => {
    const notice = document.createElement("p");
    notice.className = "notice warning";
    notice.textContent = text;
    document.getElementById("notice").replaceChildren(notice);
  };
  const savesItself = (event) => event.detail.ctx?.sourceElement?.matches("[data-autosave], [data-active-time]");

  document.addEventListener("htmx:error", (event) => {
    if (!savesItself(event)) tell("The server cannot be reached. What is saved is safe. Try again.");
  });
  document.addEventListener("htmx:response:error", (event) => {
    const { status } = event.detail.ctx.response;
    const told = status === 401 || status === 409 || status === 410 || status === 422 || status === 428;
    if (!told && !savesItself(event)) tell(`The server could not do this (${status}). What is saved is safe.`);
  });
  document.addEventListener("htmx:after:request", (event) => {
    if (event.detail.ctx.response.status < 400) document.getElementById("notice").replaceChildren();
  });
})();
