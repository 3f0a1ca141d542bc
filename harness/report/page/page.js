"use strict";
(() => {
  const open = (id) => {
    const target = id && document.getElementById(id);
    if (!target) return;
    for (let it = target; it; it = it.parentElement) if (it.tagName === "DETAILS") it.open = true;
    target.scrollIntoView();
    const summary = target.querySelector("summary");
    if (summary) summary.focus({ preventScroll: true });
  };
  const follow = () => open(decodeURIComponent(location.hash.slice(1)));
  addEventListener("hashchange", follow);
  follow();

  document.addEventListener("click", (event) => {
    const mark = event.target.closest("svg [data-case]");
    if (mark) location.hash = mark.dataset.case;
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) follow();
  });

  const theme = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const now = document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
    document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
  });

  const button = (text, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", () => act(made));
    return made;
  };

  for (const command of document.querySelectorAll(".command")) {
    if (!navigator.clipboard) break;
    command.after(" ", button("Copy", async (made) => {
      await navigator.clipboard.writeText(command.textContent);
      made.textContent = "Copied";
    }));
  }

  // The kernel before, beside this one: its lines that this one has not are marked in it.
  const before = (source) => {
    const previous = source.closest(".case").dataset.previous;
    return previous ? [...document.getElementById(previous).querySelectorAll(":scope > .source")] : [];
  };
  const compare = (source, made) => {
    const pair = document.createElement("div");
    const left = document.createElement("div");
    pair.className = "beside";
    const gone = new Set(source.dataset.gone.split(",").filter(Boolean).map(Number));
    let count = 0;
    for (const file of before(source)) {
      const copy = file.cloneNode(true);
      copy.querySelector("figcaption").textContent = `${file.querySelector("figcaption code").textContent} of ${file.dataset.name}; marked: lines that are gone`;
      for (const each of copy.querySelectorAll("button")) each.remove();
      for (const line of copy.querySelectorAll(".line")) {
        line.classList.remove("new");
        if (gone.has(count)) line.classList.add("gone");
        count += 1;
      }
      left.append(copy);
    }
    source.replaceWith(pair);
    pair.append(left, source);
    made.remove();
  };
  for (const source of document.querySelectorAll(".source")) {
    if (before(source).length) {
      const name = before(source)[0].dataset.name;
      source.querySelector("figcaption").append(" ", button(`Set ${name} beside it`, (made) => compare(source, made)));
    }
  }
})();
