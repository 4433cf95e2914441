// A thumbnail slides its picture in; without JavaScript it is a link to the same picture.
for (const gallery of document.querySelectorAll("[data-gallery]")) {
  const shots = gallery.querySelector(".shots");
  const thumbs = [...gallery.querySelectorAll(".thumbs a")];
  if (!shots || thumbs.length === 0) continue;

  const mark = (index) =>
    thumbs.forEach((thumb, at) =>
      at === index ? thumb.setAttribute("aria-current", "true") : thumb.removeAttribute("aria-current"),
    );

  thumbs.forEach((thumb, index) =>
    thumb.addEventListener("click", (event) => {
      event.preventDefault();
      shots.scrollTo({ left: index * shots.clientWidth, behavior: "smooth" });
      mark(index);
    }),
  );
  shots.addEventListener("scrollend", () => mark(Math.round(shots.scrollLeft / shots.clientWidth)));
}
