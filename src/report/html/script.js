"use strict";
// The page is whole without this: it only hides what is not looked for, and unfolds.
(() => {
  const by = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const filters = by("filters");
  const facets = ["outcome", "level", "area"];
  const entries = all(".entry").map((element) => ({
    element,
    text: element.textContent.toLowerCase(),
    suite: element.closest("[data-suite]").dataset.suite,
  }));
  const suites = all("[data-suite]");
  const value = (id) => by(id)?.value ?? "";

  function filter() {
    const words = value("text").toLowerCase().split(/\s+/).filter(Boolean);
    const suite = value("suite");
    const wanted = facets.map((name) => [name, value(name)]).filter(([, set]) => set);
    let shown = 0;
    for (const entry of entries) {
      const fits = (!suite || entry.suite === suite)
        && wanted.every(([name, set]) => entry.element.dataset[name] === set)
        && words.every((word) => entry.text.includes(word));
      entry.element.hidden = !fits;
      shown += fits;
    }
    const active = words.length > 0 || suite !== "" || wanted.length > 0;
    const empty = (root) => {
      const inside = all(".entry", root);
      return active && inside.every((entry) => entry.hidden);
    };
    for (const group of all("details.area, details.scenarios")) {
      group.hidden = empty(group);
      // What was looked for is to be seen; what the reader folded stays so where nothing is looked for.
      if (active && !group.hidden) group.open = true;
    }
    for (const block of all(".suite .block")) block.hidden = empty(block);
    for (const section of suites) section.hidden = empty(section);
    by("shown").value = active ? `${shown} of ${entries.length} shown` : "";
  }

  function fold(open) {
    for (const details of all("main details")) {
      if (!details.closest("[hidden]")) details.open = open;
    }
  }

  // A link to something folded unfolds it; one to something hidden takes the filters away.
  function reveal() {
    const target = location.hash && by(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) {
      filters.reset();
      filter();
    }
    for (let at = target; at; at = at.parentElement) {
      if (at.localName === "details") at.open = true;
    }
    // A finding whose places are all folded would show nothing of what was linked to.
    const places = all(":scope > details.place", target);
    if (places.length > 0 && !places.some((place) => place.open)) places[0].open = true;
    target.scrollIntoView();
  }

  filters.hidden = false;
  filters.addEventListener("input", filter);
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("reset", () => setTimeout(filter));
  by("unfold").addEventListener("click", () => fold(true));
  by("fold").addEventListener("click", () => fold(false));
  addEventListener("hashchange", reveal);
  addEventListener("keydown", (event) => {
    const field = event.target.closest?.("input, select, textarea");
    if (event.key === "/" && !field && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      by("text").focus();
    } else if (event.key === "Escape" && field) {
      filters.reset();
      field.blur();
    }
  });

  // On paper nothing can be unfolded.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    for (const details of folded) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of folded) details.open = false;
  });
  filter();
  reveal();
})();
