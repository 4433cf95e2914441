// Turns each confirmation <details> into a modal <dialog>; without JavaScript it opens in place.
const open = (details) => {
  const body = details.querySelector(".confirm-body");
  const opener = details.querySelector("summary");
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", body.getAttribute("aria-labelledby"));
  const close = body.querySelector("[data-close]");
  if (close) close.hidden = false;
  dialog.append(body);
  document.body.append(dialog);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
  dialog.addEventListener("close", () => {
    details.append(body);
    dialog.remove();
    opener.focus();
  });
  dialog.showModal();
};

document.addEventListener("click", (event) => {
  const summary = event.target.closest("[data-confirm] > summary");
  if (!summary || typeof HTMLDialogElement === "undefined") return;
  event.preventDefault();
  open(summary.parentElement);
});

// A drawer over a phone's list closes with Escape.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const drawer = event.target.closest?.("[data-drawer][open]");
  if (!drawer) return;
  drawer.open = false;
  drawer.querySelector("summary").focus();
});
