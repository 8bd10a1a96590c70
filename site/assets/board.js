// A leaderboard's filters, columns, pages and comparison, all of them in the address. The table is
// whole without this file.
document.addEventListener("DOMContentLoaded", () => {
  "use strict";
  const $ = (selector, within) => (within || document).querySelector(selector);
  const $$ = (selector, within) => Array.from((within || document).querySelectorAll(selector));
  const make = (name, content, attributes) => {
    const element = document.createElement(name);
    element.append(...[content ?? []].flat());
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    return element;
  };

  const board = $("#board");
  const form = $("[data-filters=board]");
  if (!board || !form) return;
  const frame = board.parentNode;
  const sortedHeader = () => $("th[aria-sort]:not([aria-sort=none])", board);
  const initial = sortedHeader();
  const start = { key: initial.dataset.key, direction: initial.getAttribute("aria-sort") };
  const scored = $("tbody[data-rows=scored]", board);
  const claimed = $$("tbody[data-rows=claims] > tr", board);
  // All systems in the order of the table, which holds those of one page alone.
  let systems = Array.from(scored.rows);
  const bySlug = new Map(systems.map((row) => [row.id, row]));
  const boxOf = (row) => $("input[name=compare]", row);
  const total = systems.length;
  const isLarge = total > 200;
  const pageSize = isLarge ? 50 : 200;
  const most = 5;
  board.classList.toggle("large", isLarge);
  let page = 0;

  // A phone folds the filters away unless the address has some.
  const more = $(".more", form);
  const unfold = (isOpen) => more.setAttribute("aria-expanded", String(isOpen));
  more.addEventListener("click", () => unfold(more.getAttribute("aria-expanded") === "false"));

  // Columns: as many as fit until a reader chooses.
  const heads = $$("th[data-column]", board);
  const title = (head) => $("button", head).textContent.replace(/\s+/g, " ").trim();
  const chooser = $("fieldset", form);
  const boxes = heads.map((head) => {
    const box = make("input", [], { type: "checkbox", name: "column", value: head.dataset.key });
    chooser.append(make("label", [box, " " + title(head)]));
    return box;
  });
  let chosen = null;

  function showColumns() {
    board.classList.toggle("auto", chosen === null);
    heads.forEach((head, place) => {
      const isHidden = chosen !== null && !chosen.includes(head.dataset.key);
      board.classList.toggle("no-" + head.dataset.column, isHidden);
      boxes[place].checked = chosen === null ? head.offsetWidth > 0 : !isHidden;
    });
    fit();
  }

  // Where the table fits its frame the page scrolls and the header sticks to the window.
  function fit() {
    frame.classList.remove("fits");
    frame.classList.toggle("fits", board.offsetWidth <= frame.clientWidth + 1);
  }

  const facets = ["q", "kind", "base", "labels", "llm", "year"].filter((name) => form.elements[name]);
  const value = (name) => (form.elements[name] ? form.elements[name].value.trim() : "");

  // A page of the rows that match, in the order in which they stand.
  function filter() {
    const words = value("q").toLowerCase().split(/\s+/).filter(Boolean);
    const [kind, base, labels, llm, year] = ["kind", "base", "labels", "llm", "year"].map(value);
    const keep = (row) => {
      const data = row.dataset;
      return (!kind || data.kind === kind) && (!year || data.year === year)
        && (!base || (data.base || "").split(" ").includes(base))
        && (!llm || data.llm === llm)
        && (!labels || data.labels.split(" ").includes(labels))
        && words.every((word) => data.search.includes(word));
    };
    const kept = systems.filter(keep);
    const pages = Math.max(1, Math.ceil(kept.length / pageSize));
    page = Math.min(page, pages - 1);
    scored.replaceChildren(...kept.slice(page * pageSize, (page + 1) * pageSize));
    let claims = 0;
    for (const row of claimed) {
      row.hidden = !keep(row);
      if (!row.hidden) claims += 1;
    }
    const between = $("tbody.between", board);
    if (between) between.hidden = claims === 0;
    $("[data-count=board]").textContent = kept.length === total
      ? total + (total === 1 ? " system" : " systems") : kept.length + " of " + total + " systems";
    $("[data-empty=board]").hidden = kept.length + claims > 0;
    // Rules join neighbours: in another order or with rows left out the letters stand instead.
    board.classList.toggle("apart", kept.length < total || !isInOrder());
    pager(pages, kept.length);
  }

  function isInOrder() {
    const head = sortedHeader();
    return head.dataset.key === start.key && head.getAttribute("aria-sort") === start.direction;
  }

  function pager(pages, count) {
    const bar = $("[data-pager=board]");
    bar.hidden = pages < 2;
    bar.replaceChildren();
    if (pages < 2) return;
    const step = (by, text) => {
      const button = make("button", text, { type: "button" });
      button.disabled = page + by < 0 || page + by >= pages;
      button.addEventListener("click", () => {
        page += by;
        filter();
        save(true);
        $("[data-pager=board] button:enabled").focus();
        frame.scrollIntoView({ block: "start" });
      });
      return button;
    };
    const first = page * pageSize + 1;
    const last = Math.min(count, first + pageSize - 1);
    bar.append(step(-1, "Previous"), make("span", first + "–" + last + " of " + count),
      step(1, "Next"));
  }

  const boxesOfRows = systems.map(boxOf).filter(Boolean);
  const picked = () => boxesOfRows.filter((box) => box.checked).map((box) => box.value);

  function state() {
    const query = new URLSearchParams();
    if (!isInOrder()) {
      query.set("sort", sortedHeader().dataset.key);
      query.set("dir", sortedHeader().getAttribute("aria-sort") === "ascending" ? "asc" : "desc");
    }
    for (const name of facets) if (value(name)) query.set(name, value(name));
    if (chosen) query.set("columns", chosen.join(","));
    if (page) query.set("page", page + 1);
    if (picked().length) query.set("compare", picked().join(","));
    return query.toString();
  }

  function save(push) {
    const query = state();
    const address = location.pathname + (query ? "?" + query : "") + location.hash;
    if (address === location.pathname + location.search + location.hash) return;
    history[push ? "pushState" : "replaceState"](null, "", address);
  }

  function restore() {
    const query = new URLSearchParams(location.search);
    const key = query.get("sort") || start.key;
    const header = $$("th[data-key]", board).find((th) => th.dataset.key === key);
    if (header) {
      const direction = query.get("sort")
        ? (query.get("dir") === "asc" ? "ascending" : "descending") : start.direction;
      if (header.getAttribute("aria-sort") !== direction) {
        board.dispatchEvent(new CustomEvent("sort", { detail: { header, direction } }));
      }
    }
    for (const name of facets) {
      const wanted = query.get(name) || "";
      const field = form.elements[name];
      const known = name === "q" || Array.from(field.options).some((o) => o.value === wanted);
      field.value = known ? wanted : "";
    }
    if (facets.some((name) => name !== "q" && value(name))) unfold(true);
    const known = heads.map((head) => head.dataset.key);
    chosen = query.has("columns")
      ? query.get("columns").split(",").filter((name) => known.includes(name)) : null;
    const wanted = (query.get("compare") || "").split(",").slice(0, most);
    for (const box of boxesOfRows) box.checked = wanted.includes(box.value);
    page = Math.max(0, (parseInt(query.get("page"), 10) || 1) - 1);
    showColumns();
    filter();
    toHash();
    versus();
  }

  // A link to a row that stands on another page of the table.
  function toHash() {
    const row = bySlug.get(location.hash.slice(1));
    if (!row || row.parentNode === scored) return;
    page = Math.floor(systems.indexOf(row) / pageSize);
    filter();
    row.scrollIntoView({ block: "center" });
  }

  // Two to five systems: their differences from pairs.js, which is loaded when it is first asked
  // for; where labels are hidden there is none, and the released figures stand alone.
  let pairs = null;
  function withPairs(then) {
    if (pairs || !board.dataset.pairs) return then(pairs);
    const script = document.createElement("script");
    script.src = board.dataset.pairs;
    script.onload = () => { pairs = window.invitroPairs; then(pairs); };
    script.onerror = () => then(null);
    document.head.append(script);
  }

  const number = (figure, digits) => (figure === null || figure === undefined ? "–"
    : figure.toFixed(digits).replace("-", "−"));
  const probability = (p) => (p !== null && p < 0.0001 ? "< 0.0001" : number(p, 4));
  const nameOf = (slug) => $("th.sys a", bySlug.get(slug)).textContent;

  function versus() {
    const panel = $("[data-versus=board]");
    if (!panel) return;
    const slugs = picked();
    const isFull = slugs.length >= most;
    for (const box of boxesOfRows) {
      box.disabled = isFull && !box.checked;
      box.title = box.disabled ? "Five systems at most: clear one to choose another" : "";
    }
    panel.hidden = slugs.length === 0;
    document.documentElement.classList.toggle("comparing", slugs.length > 0);
    const body = $("[data-versus-body=board]");
    if (slugs.length < 2) {
      body.replaceChildren(slugs.length
        ? make("p", nameOf(slugs[0]) + ": choose a second system to compare with, up to five.") : "");
      return;
    }
    withPairs((data) => {
      if (picked().join() !== slugs.join()) return;
      const parts = [];
      if (data) parts.push(make("ul", verdicts(slugs, data), { class: "verdicts" }));
      else if (board.dataset.pairs) parts.push(make("p", "The comparisons could not be loaded."));
      else parts.push(make("p", "These systems are not tested against each other."));
      parts.push(figures(slugs));
      if (isFull) parts.push(make("p", "Five systems at most: clear one to choose another.", { class: "small" }));
      const clear = make("button", "Clear", { type: "button" });
      clear.addEventListener("click", () => {
        for (const box of boxesOfRows) box.checked = false;
        versus();
        save(true);
      });
      parts.push(make("p", clear));
      body.replaceChildren(...parts);
    });
  }

  // The rows of the board turned into columns, as they are released.
  function figures(slugs) {
    const chosenRows = slugs.map((slug) => bySlug.get(slug));
    const headRow = make("tr", [make("th", make("span", "Figure", { class: "sr" }), { scope: "col" }),
      ...slugs.map((slug) => make("th", make("a", nameOf(slug), {
        href: $("th.sys a", bySlug.get(slug)).getAttribute("href"),
      }), { scope: "col" }))]);
    const lines = Array.from(board.tHead.rows[0].cells).map((head, column) => {
      if (!head.dataset.key || head.dataset.key === "system") return null;
      return make("tr", [make("th", title(head), { scope: "row" }),
        ...chosenRows.map((row) => make("td", row.cells[column].innerText.replace(/\s+/g, " ").trim()
          || row.cells[column].textContent.replace(/\s+/g, " ").trim()))]);
    }).filter(Boolean);
    const table = make("table", [make("thead", headRow), make("tbody", lines)]);
    return make("div", table, { class: "scroll", role: "region", tabindex: "0",
      "aria-label": "The chosen systems side by side" });
  }

  function verdicts(slugs, data) {
    return slugs.flatMap((one, place) => slugs.slice(place + 1).map((other) =>
      make("li", verdict(one, other, data))));
  }

  function verdict(one, other, data) {
    const places = [one, other].map((slug) => data.systems.indexOf(slug));
    const found = data.pairs.find((p) =>
      (p[0] === places[0] && p[1] === places[1]) || (p[0] === places[1] && p[1] === places[0]));
    if (!found) return nameOf(one) + " and " + nameOf(other) + " were not tested against each other.";
    const [first, second, difference, low, high, p, adjusted, why] = found;
    const names = [nameOf(data.systems[first]), nameOf(data.systems[second])];
    if (difference === null) {
      return names.join(" and ") + ": undefined, " + (why || "no figure") + ".";
    }
    const told = adjusted !== null && adjusted <= data.level;
    const alone = low > 0 || high < 0;
    const strong = make("strong", told ? "Significant difference. " : "No significant difference. ");
    const rest = data.metric + " of " + names[0] + " minus " + data.metric + " of " + names[1] + ": "
      + number(difference, 3) + ", interval [" + number(low, 3) + ", " + number(high, 3) + "]; p "
      + probability(p) + ", adjusted " + probability(adjusted) + " (" + data.adjustment + " over "
      + data.family + ").";
    // The interval is of this pair alone, the verdict of all pairs together.
    const note = !told && alone ? " The interval covers this pair alone and excludes 0; adjusted for "
      + "all pairs, the difference is not significant."
      : told && !alone && low !== null && high !== null
        ? " The interval includes 0; the verdict is that of the test, not of the interval." : "";
    return [strong, rest + note];
  }

  const changed = (push) => { page = 0; filter(); save(push); };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.elements.q.addEventListener("input", () => changed(false));
  form.addEventListener("change", (event) => {
    if (event.target.name === "column") {
      chosen = boxes.filter((box) => box.checked).map((box) => box.value);
      showColumns();
      save(true);
    } else changed(true);
  });
  form.addEventListener("reset", () => setTimeout(() => {
    chosen = null;
    showColumns();
    changed(true);
  }));
  scored.addEventListener("ordered", (event) => {
    systems = event.detail;
    event.preventDefault();
  });
  board.addEventListener("sorted", () => { page = 0; filter(); save(true); });
  board.addEventListener("change", (event) => {
    if (event.target.name === "compare") { versus(); save(true); }
  });
  const columns = $("[data-columns=board]");
  columns.addEventListener("toggle", () => {
    // It opens towards the middle of the window, where there is room.
    chooser.classList.toggle("onward", columns.getBoundingClientRect().left < innerWidth / 2);
    showColumns();
  });
  addEventListener("resize", fit);
  addEventListener("hashchange", toHash);
  addEventListener("popstate", restore);
  restore();
});
