// Counts down to a campaign's start, then shows what can be done from then on.
const CLOSE = 86_400;

const said = (seconds) => {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return [hours && `${hours}시간`, (hours || minutes) && `${minutes}분`, `${seconds % 60}초`].filter(Boolean).join(" ");
};

const watch = (line) => {
  const starts = Date.parse(line.dataset.countdown);
  const stub = line.closest(".stub");
  const opening = () => htmx.ajax("GET", line.dataset.stub, { target: stub, swap: "innerHTML" });
  const step = () => {
    const left = Math.ceil((starts - Date.now()) / 1000);
    if (left > 0) {
      if (left <= CLOSE) line.textContent = `${said(left)} 뒤에 열립니다`;
      return;
    }
    clearInterval(timer);
    // Not everybody in the same instant: the button opens within two seconds.
    setTimeout(opening, Math.random() * 2000);
  };
  const timer = setInterval(step, 1000);
  step();
};

document.querySelectorAll("[data-countdown]").forEach(watch);
