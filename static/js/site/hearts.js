// A heart changes at once; without JavaScript its form sends the page back and forth.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const heart = event.submitter;
  if (!form.matches("[data-wish]") || !heart) return;
  event.preventDefault();
  if (heart.getAttribute("aria-busy")) return;
  heart.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(heart.formAction, {
      method: "POST",
      body: new FormData(form, heart),
      // Says that no page is wanted: only whether it worked, or where to sign in.
      headers: { "HX-Request": "true" },
    });
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere) {
      location.assign(elsewhere);
    } else if (answer.ok) {
      const wished = heart.value === "1";
      heart.value = wished ? "0" : "1";
      heart.setAttribute("aria-pressed", String(wished));
    } else {
      location.reload();
    }
  } catch {
    // No network: the heart stays as it was.
  }
  heart.removeAttribute("aria-busy");
});
