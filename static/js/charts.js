// Draws every canvas[data-chart] from the JSON block it names; colours and sizes come from the stylesheet.
const drawn = [];

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const shortNumber = new Intl.NumberFormat("ko-KR", { notation: "compact", maximumFractionDigits: 1, useGrouping: true });
const fullNumber = new Intl.NumberFormat("ko-KR");

const datasets = (data) =>
  data.series.map((line, index) => ({
    label: line.name,
    data: line.values,
    backgroundColor: token(`--c${(index % 6) + 1}`),
    borderColor: data.kind === "line" ? token(`--c${(index % 6) + 1}`) : token("--paper"),
    borderWidth: data.kind === "line" ? 3 : 1,
    borderRadius: data.kind === "line" ? 0 : 3,
    pointRadius: 3,
    maxBarThickness: 40,
    tension: 0.25,
  }));

const options = (data) => {
  const sideways = data.kind === "sideways";
  const stacked = data.kind === "stacked";
  const values = {
    stacked,
    beginAtZero: true,
    ticks: { callback: (value) => shortNumber.format(value) },
    grid: { color: token("--sand-200") },
  };
  const names = { stacked, grid: { display: false } };
  return {
    animation: false,
    maintainAspectRatio: false,
    indexAxis: sideways ? "y" : "x",
    scales: sideways ? { x: values, y: names } : { x: names, y: values },
    plugins: {
      legend: { display: false },
      tooltip: {
        callbacks: { label: (item) => `${item.dataset.label} ${fullNumber.format(item.raw)}${data.unit}` },
      },
    },
  };
};

const draw = (canvas) => {
  const data = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
  drawn.push(
    new Chart(canvas, {
      type: data.kind === "line" ? "line" : "bar",
      data: { labels: data.labels, datasets: datasets(data) },
      options: options(data),
    }),
  );
  const scroller = canvas.closest(".chart-scroll");
  // The latest month is what people come for.
  scroller.scrollLeft = scroller.scrollWidth;
};

const drawAll = () => {
  for (const chart of drawn.splice(0)) chart.destroy();
  Chart.defaults.font.family = token("--font");
  Chart.defaults.font.size = parseFloat(getComputedStyle(document.documentElement).fontSize) * 1.35;
  Chart.defaults.color = token("--ink-700");
  document.querySelectorAll("canvas[data-chart]").forEach(draw);
};

document.addEventListener("display:change", drawAll);
document.fonts.ready.then(drawAll);
