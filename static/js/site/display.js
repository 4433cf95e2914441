// Changes text size and contrast at once; the form itself still tells the server, which keeps the cookie.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (!form.matches("[data-display]") || !button) return;
  event.preventDefault();
  const body = new FormData(form, button);
  const root = document.documentElement;
  if (button.name === "text") {
    root.dataset.text = button.value;
    for (const step of form.querySelectorAll('[name="text"]')) {
      step.setAttribute("aria-pressed", String(step === button));
    }
  } else {
    const high = button.value === "high";
    root.dataset.contrast = button.value;
    button.value = high ? "normal" : "high";
    button.setAttribute("aria-pressed", String(high));
  }
  document.dispatchEvent(new CustomEvent("display:change"));
  fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => {});
});
