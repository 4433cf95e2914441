// [data-check-all="group"] ticks every box of [data-check="group"] and follows them back.
const boxes = (group) => [...document.querySelectorAll(`[data-check="${group}"]`)];

document.addEventListener("change", (event) => {
  const { checkAll, check } = event.target.dataset ?? {};
  if (checkAll) {
    for (const box of boxes(checkAll)) box.checked = event.target.checked;
  } else if (check) {
    const all = document.querySelector(`[data-check-all="${check}"]`);
    if (all) all.checked = boxes(check).every((box) => box.checked);
  }
});
