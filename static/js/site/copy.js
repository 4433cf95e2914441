// <button type="button" class="copy" data-copy="…">복사</button> puts its text on the clipboard and says so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const words = button.querySelector("span") ?? button;
  const before = words.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    words.textContent = "복사했습니다";
  } catch {
    words.textContent = "복사하지 못했습니다";
  }
  setTimeout(() => (words.textContent = before), 2000);
});
