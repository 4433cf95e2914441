// A menu wider than the screen opens at the entry of this page.
const showPlace = () => {
  for (const here of document.querySelectorAll(".rail nav [aria-current], .side-nav [aria-current]")) {
    const list = here.closest("ul, .side-nav");
    list.scrollLeft = here.offsetLeft - (list.clientWidth - here.offsetWidth) / 2;
  }
};
showPlace();
// The real font is wider or narrower than the one before it.
document.fonts.ready.then(showPlace);
