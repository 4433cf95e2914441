// Every fifteen seconds the page asks again for what changes on its own, unless nobody is looking.
const EVERY = 15_000;

const tick = () => {
  if (document.visibilityState === "visible" && document.querySelector("[data-live]")) {
    document.body.dispatchEvent(new CustomEvent("tick"));
  }
};

if (document.querySelector("[data-live]")) {
  setInterval(tick, EVERY);
  document.addEventListener("visibilitychange", tick);
}
