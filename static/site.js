/* Opens the pop-up as a modal dialog; closing it in any way is "Not now". Keeps what htmx can't show from being lost.
   Names the browser's time zone when signing up. */
"use strict";
const dialog = document.querySelector("[data-pop-up]");
if (dialog) {
  dialog.showModal();
  // Esc can't be told from other closings beforehand: a dialog opened by script may close without asking.
  dialog.addEventListener("close", () => {
    const form = dialog.querySelector("[data-not-now]");
    if (!form) return;
    form.elements.method.value = dialog.returnValue || "esc";
    form.requestSubmit();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) dialog.close();
  });
  dialog.addEventListener("submit", (event) => {
    if (!dialog.open || !event.target.matches("[data-not-now]")) return;
    event.preventDefault();
    event.stopPropagation();
    dialog.close("button");
  }, true);
}
// What can't be shown in its place is sent once more as an ordinary form, and shows as a page.
document.addEventListener("htmx:before:response", (event) => {
  const form = event.target, { status } = event.detail.ctx.response;
  const inPlace = form.id === "composer" ? [422] : dialog?.open ? [409, 422] : [];
  if (status < 400 || inPlace.includes(status)) return;
  event.preventDefault();
  form.submit?.();
});
const status = document.getElementById("reply-status");
document.addEventListener("htmx:error", (event) => {
  if (dialog?.open && event.target.action) event.target.submit();
  else if (status && event.target.id === "composer" && event.detail.error?.name !== "AbortError") status.textContent = status.dataset.offline;
});
// A reply that broke off leaves the page as it is stored: without it, and with the way to ask again.
document.addEventListener("htmx:sse:close", () => {
  const coming = document.getElementById("coming");
  if (!coming) return;
  coming.remove();
  status.textContent = "";
  if (document.querySelector("#composer.htmx-request")) return;
  htmx.ajax("GET", location.pathname, { target: "#reply", select: "#reply", swap: "outerHTML" });
});
const zone = document.querySelector("[data-time-zone]");
if (zone) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
