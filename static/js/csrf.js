// Every htmx request carries the CSRF token that the cookie holds now: the one in the page goes stale when
// its reader signs in again in another tab.
document.addEventListener("htmx:config:request", (event) => {
  const { request } = event.detail.ctx;
  const cookie = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  if (!cookie) return;
  request.headers["X-CSRFToken"] = cookie[1];
  request.body?.delete("csrfmiddlewaretoken"); // Django would believe it rather than the header
});
