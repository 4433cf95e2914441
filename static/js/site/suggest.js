// Completes the search field as a combobox: arrows choose, Enter searches, Escape closes. The plain field works alone.
const WAIT = 140;

const start = (form) => {
  const input = form.querySelector('input[type="search"]');
  const list = document.createElement("ul");
  list.id = `${input.id}-words`;
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "검색어 제안");
  list.hidden = true;
  form.append(list);
  for (const [name, value] of Object.entries({
    role: "combobox",
    "aria-expanded": "false",
    "aria-autocomplete": "list",
    "aria-controls": list.id,
  })) {
    input.setAttribute(name, value);
  }

  let typed = input.value;
  let chosen = -1;
  let timer = 0;
  let asking = null;

  const close = () => {
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const choose = (index) => {
    const words = [...list.children];
    chosen = (index + words.length + 1) % (words.length + 1);
    words.forEach((word, at) => word.setAttribute("aria-selected", String(at === chosen)));
    // One step beyond the last word stands what was typed.
    const word = words[chosen];
    if (!word) chosen = -1;
    input.value = word ? word.textContent : typed;
    if (word) input.setAttribute("aria-activedescendant", word.id);
    else input.removeAttribute("aria-activedescendant");
  };

  const show = (words) => {
    list.replaceChildren(
      ...words.map((word, at) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${at}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        item.textContent = word;
        return item;
      }),
    );
    chosen = -1;
    list.hidden = words.length === 0;
    input.setAttribute("aria-expanded", String(words.length > 0));
    input.removeAttribute("aria-activedescendant");
  };

  const ask = async () => {
    asking?.abort();
    if (!typed.trim()) return close();
    asking = new AbortController();
    try {
      const address = `${form.dataset.suggest}?q=${encodeURIComponent(typed)}`;
      const answer = await fetch(address, { signal: asking.signal });
      if (answer.ok && document.activeElement === input) show(await answer.json());
    } catch {
      // Typed on, or no network: the field goes on without suggestions.
    }
  };

  input.addEventListener("input", () => {
    typed = input.value;
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });

  input.addEventListener("keydown", (event) => {
    if (event.isComposing || list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const last = list.children.length;
      choose(event.key === "ArrowDown" ? chosen + 1 : (chosen === -1 ? last : chosen) - 1);
    } else if (event.key === "Escape") {
      event.preventDefault();
      input.value = typed;
      close();
    }
  });

  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const word = event.target.closest("li");
    if (!word) return;
    input.value = word.textContent;
    close();
    form.requestSubmit();
  });
  input.addEventListener("blur", close);
  form.addEventListener("submit", close);
};

document.querySelectorAll("form[data-suggest]").forEach(start);
