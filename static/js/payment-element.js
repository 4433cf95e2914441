// Stripe's Payment Element: card data goes from the browser to Stripe and never through us.
const form = document.getElementById("element-form");
const button = form.querySelector("button");
const complaint = form.querySelector(".error");

const complain = (text) => {
  complaint.textContent = text;
  complaint.hidden = !text;
};

const load = () =>
  new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "https://js.stripe.com/v3/";
    script.onload = resolve;
    script.onerror = () => reject(new Error("not loaded"));
    document.head.append(script);
  });

try {
  await load();
  const { clientSecret, publishableKey, returnUrl } = form.dataset;
  const stripe = window.Stripe(publishableKey, { locale: "ko" });
  const elements = stripe.elements({ clientSecret, locale: "ko" });
  const element = elements.create("payment");
  element.on("ready", () => (button.disabled = false));
  element.mount("#payment-element");

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    complain("");
    const { error } = await stripe.confirmPayment({ elements, confirmParams: { return_url: returnUrl } });
    // Only a refusal comes back here; otherwise the browser is already on its way to return_url.
    if (error) complain(error.message ?? "결제가 승인되지 않았습니다. 다시 시도해 주세요.");
    button.disabled = false;
    button.removeAttribute("aria-busy");
  });
} catch {
  complain("결제 화면을 불러오지 못했습니다. 새로 고치거나 잠시 뒤 다시 시도해 주세요. 결제된 금액은 없습니다.");
}
