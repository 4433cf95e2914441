// The keys of the amount page; without them the field is typed into like any other.
const form = document.getElementById("pad-form");
const input = form.querySelector("[data-money]");
const button = document.getElementById("pad-submit");
const said = document.getElementById("pad-said");
const { kind, most, rate, unit, min } = Object.fromEntries(
  Object.entries(form.dataset).map(([name, value]) => [name, /^\d+$/.test(value) ? Number(value) : value]),
);
const LARGEST = 9_999_999;

const read = () => Number(input.value.replace(/\D/g, "")) || 0;
const won = (amount) => `${amount.toLocaleString("ko-KR")}원`;

// Only to show what will happen: the server decides.
const taken = (amount) => {
  if (kind === "stored_value") return Math.min(amount, most);
  const earned = kind === "percent" ? Math.floor((amount * rate) / 10_000 / unit) * unit : most;
  return Math.min(earned, most, amount);
};

const tell = (amount) => {
  if (kind === "stored_value") return amount > most ? `남은 금액 ${won(most)}보다 큽니다` : "";
  if (amount && amount < min) return `${won(min)} 이상 살 때 쓸 수 있습니다`;
  return amount ? `${won(taken(amount))} 할인 · 손님이 낼 돈 ${won(amount - taken(amount))}` : "";
};

const show = (amount) => {
  input.value = amount ? amount.toLocaleString("ko-KR") : "";
  said.textContent = tell(amount);
  button.textContent = amount ? `${won(taken(amount))} 쓰기` : "쿠폰 쓰기";
};

document.getElementById("pad").addEventListener("click", ({ target }) => {
  const key = target.closest("button");
  if (!key) return;
  const now = read();
  if (key.dataset.digit) show(Math.min(LARGEST, Number(`${now}${key.dataset.digit}`)));
  else if (key.dataset.add) show(Math.min(LARGEST, now + Number(key.dataset.add)));
  else if ("all" in key.dataset) show(most);
  else if ("clear" in key.dataset) show(0);
  else if ("back" in key.dataset) show(Math.floor(now / 10));
});
input.addEventListener("input", () => show(Math.min(LARGEST, read())));
document.getElementById("pad").hidden = false;
show(read());
