/* Opens the pop-up as a modal dialog; closing it in any way is "Not now". */
"use strict";
const dialog = document.querySelector("[data-pop-up]");
if (dialog) {
  dialog.showModal();
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
    if (event.target.matches("[data-not-now]") && dialog.open) {
      event.preventDefault();
      event.stopPropagation();
      dialog.close("button");
    }
  }, true);
}
const zone = document.querySelector("[data-time-zone]");
if (zone) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
