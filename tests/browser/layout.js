// What sticks out of the page, words of a chart upon one another or outside of it, blocks of text upon one another.
() => {
  const found = [];
  const wide = document.documentElement.clientWidth;
  const whole = document.documentElement.scrollWidth;
  if (whole > wide) found.push(`the page is ${whole} wide`);

  const shown = (each) => each.checkVisibility() && each.getClientRects().length;
  const name = (each) => `${each.tagName} "${each.textContent.trim().slice(0, 40)}"`;
  const placed = (elements) => [...elements].filter(shown).map((each) => [each, each.getBoundingClientRect()]);
  const upon = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;

  for (const [each, box] of placed(document.querySelectorAll("main *, header *, footer *"))) {
    if (each.closest(".scroll, pre, svg")) continue; // these scroll by themselves, or come below
    if (box.right > wide + 1 || box.left < -1) found.push(`${name(each)} sticks out`);
  }

  for (const [svg, room] of placed(document.querySelectorAll("svg"))) {
    const title = svg.querySelector("title").textContent;
    const words = placed(svg.querySelectorAll("text"));
    const ink = (it) => ({ left: it.left, right: it.right, top: it.top + 3, bottom: it.bottom - 3 });
    for (const [place, [each, box]] of words.entries()) {
      const isOut = box.left < room.left - 1 || box.right > room.right + 1 || box.top < room.top - 1 || box.bottom > room.bottom + 1;
      if (isOut) found.push(`${name(each)} sticks out of "${title}"`);
      for (const [other, theirs] of words.slice(place + 1))
        if (upon(ink(box), ink(theirs))) found.push(`${name(each)} is upon ${name(other)} in "${title}"`);
    }
  }

  const kinds = "h1, h2, h3, p, li, figcaption, caption, legend, summary, td, th, label";
  const blocks = placed(document.querySelectorAll(kinds)).filter(([each]) => !each.closest("svg, nav"));
  blocks.sort((a, b) => a[1].top - b[1].top);
  for (const [place, [each, box]] of blocks.entries()) {
    for (let next = place + 1; next < blocks.length && blocks[next][1].top < box.bottom; next += 1) {
      const [other, theirs] = blocks[next];
      const apart = !each.contains(other) && !other.contains(each);
      if (apart && upon(box, theirs)) found.push(`${name(each)} is upon ${name(other)}`);
    }
  }
  return found.slice(0, 20);
}
