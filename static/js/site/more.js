// After "more" the reader goes on with the first of the new cards, not at the top of the page.
document.addEventListener("htmx:before:request", (event) => {
  const list = document.querySelector("#cards");
  if (list && event.target.closest?.("#pager")) list.dataset.shown = list.children.length;
});

document.addEventListener("htmx:after:swap", () => {
  const list = document.querySelector("#cards[data-shown]");
  if (!list || list.children.length <= Number(list.dataset.shown)) return;
  list.children[Number(list.dataset.shown)].querySelector("a").focus({ preventScroll: true });
  delete list.dataset.shown;
});
