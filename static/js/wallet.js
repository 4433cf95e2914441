// A new QR by itself before the one on the screen ends; none while nobody looks.
const EVERY = 45_000;
const form = document.getElementById("token-form");
const place = document.getElementById("token");
let shownAt = 0;

const renew = () => form.dispatchEvent(new CustomEvent("show-token"));

const renewIfOld = () => {
  if (document.visibilityState === "visible" && Date.now() - shownAt >= EVERY) renew();
};

const countDown = () => {
  const ring = place.querySelector("[data-seconds]");
  const words = place.querySelector(".secs");
  if (!ring || !words) return;
  const left = Math.ceil(Number(ring.dataset.seconds) - (Date.now() - shownAt) / 1000);
  words.textContent = `${Math.max(0, left)}초`;
};

new MutationObserver(() => (shownAt = Date.now())).observe(place, { childList: true });
if (place.querySelector("[data-seconds]")) shownAt = Date.now();
setInterval(countDown, 1_000);
setInterval(renewIfOld, 1_000);
document.addEventListener("visibilitychange", renewIfOld);
if (document.readyState === "complete") renewIfOld();
else window.addEventListener("load", renewIfOld);
