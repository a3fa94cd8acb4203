/* Says so on the page when a passkey could not be used; what asks the browser for one is allauth's own script. */
"use strict";
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  document.querySelector("[data-passkey-error]").hidden = false;
});
