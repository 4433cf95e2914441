// In cart and order sheet a change is sent at once; the buttons that send it serve without JavaScript.
document.documentElement.dataset.scripted = "";

let waiting;

document.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.closest?.("[data-cart]") || !input.form) return;
  if (input.matches("[data-pick], [data-coupon]")) {
    input.form.requestSubmit();
  } else if (input.form.matches("[data-quantity]") && input.reportValidity()) {
    // Pressing plus three times is one change.
    clearTimeout(waiting);
    waiting = setTimeout(() => input.form?.requestSubmit(), 400);
  }
});

// A pressed plus or minus is hidden for a moment while the cart changes, and would lose the focus.
let held;
document.addEventListener("htmx:before:swap", () => {
  const active = document.activeElement;
  held = active?.closest?.("#cart") ? active : null;
});
document.addEventListener("htmx:after:swap", () =>
  setTimeout(() => {
    if (held?.isConnected && document.activeElement === document.body) held.focus();
  }),
);
