// After a refusal the reader starts at the summary of errors, not at the top of the page.
const summary = document.querySelector("[data-focus]");
if (summary) summary.focus();

document.addEventListener("htmx:after:swap", () => document.querySelector("[data-focus]")?.focus());
