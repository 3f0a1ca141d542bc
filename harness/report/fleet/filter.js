"use strict";
(() => {
  const wanted = document.getElementById("wanted");
  const tables = [...document.querySelectorAll("table.filtered")];
  if (!wanted || !tables.length) return;
  document.getElementById("filter").hidden = false;
  // By the name, for the other tables show the same machines; its words are those of its row in the first table.
  const words = new Map([...tables[0].tBodies[0].rows].map((row) => [row.cells[0].textContent, row.textContent.toLowerCase()]));
  const filter = () => {
    const asked = wanted.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const table of tables) {
      for (const row of table.tBodies[0].rows) {
        const text = words.get(row.cells[0].textContent) || "";
        row.hidden = !asked.every((word) => text.includes(word));
        if (table === tables[0] && !row.hidden) count += 1;
      }
    }
    document.getElementById("count").textContent = `${count} of ${words.size}`;
    history.replaceState(null, "", asked.length ? `#only=${encodeURIComponent(asked.join(" "))}` : location.pathname);
  };
  const asked = decodeURIComponent(location.hash.slice(1));
  if (asked.startsWith("only=")) wanted.value = asked.slice(5);
  wanted.addEventListener("input", filter);
  filter();
})();
