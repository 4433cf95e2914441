// A form is sent once: the second press does nothing until the page is shown again. Forms that htmx sends say hx-disable.
const release = (form) => {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll('[aria-busy="true"]')) button.removeAttribute("aria-busy");
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented || form.target === "_blank") return;
  // The page stays while the file comes: it may be asked for again.
  if ("download" in form.dataset) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  // Not disabled: a disabled button would drop its own name and value from what is sent.
  event.submitter?.setAttribute("aria-busy", "true");
});

// Coming back by the back button brings the page out of the cache as it was left.
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(release));
