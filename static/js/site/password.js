// Lets a person see the password being typed.
for (const input of document.querySelectorAll('input[type="password"]')) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "reveal";
  button.textContent = "보기";
  button.setAttribute("aria-label", "비밀번호 보기");
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const shown = input.type === "text";
    input.type = shown ? "password" : "text";
    button.textContent = shown ? "보기" : "숨기기";
    button.setAttribute("aria-pressed", String(!shown));
  });
  input.after(button);
}
