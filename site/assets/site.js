// Sorting, filtering and comparing on a leaderboard. Everything is readable without this file.
// One classic deferred script: an ES module would not load from a folder opened as file://.
(function () {
  "use strict";
  const $ = (selector, within) => (within || document).querySelector(selector);
  const $$ = (selector, within) => Array.from((within || document).querySelectorAll(selector));

  // Theme: system, light, dark in turn.
  const toggle = $("[data-theme-toggle]");
  if (toggle) {
    const order = ["system", "light", "dark"];
    const root = document.documentElement;
    const show = () => {
      const now = root.dataset.theme || "system";
      $("[data-theme-name]").textContent = "Theme: " + now;
    };
    toggle.addEventListener("click", () => {
      const now = root.dataset.theme || "system";
      const next = order[(order.indexOf(now) + 1) % order.length];
      if (next === "system") delete root.dataset.theme;
      else root.dataset.theme = next;
      try {
        if (next === "system") localStorage.removeItem("invitro-theme");
        else localStorage.setItem("invitro-theme", next);
      } catch (error) { /* not remembered, and still shown */ }
      show();
    });
    show();
  }

  // Sorting. A cell's data-v is its key where the text is not; an empty key stands last.
  const keyOf = (cell) => (cell.dataset.v === undefined ? cell.textContent.trim() : cell.dataset.v);
  const compareText = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;

  // Keys are read once a column: a board of a thousand rows sorts by what is remembered.
  const remembered = new WeakMap();

  function columnKeys(table, column) {
    if (!remembered.has(table)) {
      remembered.set(table, { rows: Array.from(table.tBodies[0].rows), columns: new Map() });
    }
    const { rows, columns } = remembered.get(table);
    if (!columns.has(column)) {
      const keys = rows.map((row, place) => {
        const text = keyOf(row.children[column]);
        return { row, place, text, number: text === "" || isNaN(text) ? null : Number(text) };
      });
      const numeric = keys.every((key) => key.text === "" || key.number !== null);
      columns.set(column, { keys, numeric });
    }
    return columns.get(column);
  }

  // Equal keys keep the order in which the page came: best first.
  function sortTable(table, header, direction) {
    const column = Array.from(header.parentNode.children).indexOf(header);
    const { keys, numeric } = columnKeys(table, column);
    const sign = direction === "ascending" ? 1 : -1;
    const sorted = keys.slice().sort((a, b) => {
      if (a.text === "" || b.text === "") {
        if (a.text === b.text) return a.place - b.place;
        return a.text === "" ? 1 : -1;
      }
      const order = numeric ? a.number - b.number : compareText(a.text, b.text);
      return sign * order || a.place - b.place;
    });
    // One fragment: the table is taken apart and put together once.
    const fragment = document.createDocumentFragment();
    fragment.append(...sorted.map((key) => key.row));
    table.tBodies[0].append(fragment);
    for (const other of header.parentNode.children) {
      if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
    }
    header.setAttribute("aria-sort", direction);
  }

  for (const table of $$("table[data-sortable]")) {
    for (const header of $$("th[aria-sort]", table)) {
      $("button", header).addEventListener("click", () => {
        const now = header.getAttribute("aria-sort");
        const first = header.dataset.first || "ascending";
        const other = first === "ascending" ? "descending" : "ascending";
        sortTable(table, header, now === "none" ? first : now === first ? other : first);
        if (table.id === "board") save(true);
      });
    }
  }

  // The board: filters, comparison, and all of it in the address.
  const board = $("#board");
  if (!board) return;
  const form = $("[data-filters=board]");
  const initial = $("th[aria-sort]:not([aria-sort=none])", board);
  const start = initial && {
    key: initial.dataset.key, direction: initial.getAttribute("aria-sort"),
  };
  const rows = Array.from(board.tBodies[0].rows);
  const total = rows.length;

  function picked() {
    return $$("input[name=compare]:checked", board).map((box) => box.value);
  }

  function filter() {
    const words = form.elements.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const kind = form.elements.kind.value;
    const labels = form.elements.labels.value;
    let shown = 0;
    for (const row of rows) {
      const data = row.dataset;
      const keep = (!kind || data.kind === kind)
        && (!labels || data.labels.split(" ").includes(labels))
        && words.every((word) => data.search.includes(word));
      if (row.hidden === keep) row.hidden = !keep;
      if (keep) shown += 1;
    }
    $("[data-count=board]").textContent = shown === total
      ? total + (total === 1 ? " system" : " systems") : shown + " of " + total + " systems";
    $("[data-empty=board]").hidden = shown > 0;
  }

  function state() {
    const query = new URLSearchParams();
    const sorted = $("th[aria-sort]:not([aria-sort=none])", board);
    if (sorted && !(start && sorted.dataset.key === start.key
      && sorted.getAttribute("aria-sort") === start.direction)) {
      query.set("sort", sorted.dataset.key);
      query.set("dir", sorted.getAttribute("aria-sort") === "ascending" ? "asc" : "desc");
    }
    for (const name of ["q", "kind", "labels"]) {
      const value = form.elements[name].value.trim();
      if (value) query.set(name, value);
    }
    const two = picked();
    if (two.length) query.set("compare", two.join(","));
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
    const key = query.get("sort") || (start && start.key);
    const header = $$("th[data-key]", board).find((th) => th.dataset.key === key);
    if (header) {
      const direction = query.get("sort")
        ? (query.get("dir") === "asc" ? "ascending" : "descending") : start.direction;
      if (query.get("sort") || header.getAttribute("aria-sort") !== direction) {
        sortTable(board, header, direction);
      }
    }
    form.elements.q.value = query.get("q") || "";
    for (const name of ["kind", "labels"]) {
      const wanted = query.get(name) || "";
      const known = Array.from(form.elements[name].options).some((o) => o.value === wanted);
      form.elements[name].value = known ? wanted : "";
    }
    const two = (query.get("compare") || "").split(",").slice(0, 2);
    for (const box of $$("input[name=compare]", board)) box.checked = two.includes(box.value);
    filter();
    versus();
  }

  // Two rows: their difference from pairs.js, which is loaded when it is first asked for.
  let pairs = null;
  function withPairs(then) {
    if (pairs) return then(pairs);
    const script = document.createElement("script");
    script.src = board.dataset.pairs;
    script.onload = () => { pairs = window.invitroPairs; then(pairs); };
    script.onerror = () => then(null);
    document.head.append(script);
  }

  function number(value, digits) {
    return value === null || value === undefined ? "–"
      : value.toFixed(digits).replace("-", "−");
  }

  function versus() {
    const panel = $("[data-versus=board]");
    if (!panel) return;
    const two = picked();
    for (const box of $$("input[name=compare]", board)) {
      box.disabled = two.length >= 2 && !box.checked;
    }
    panel.hidden = two.length === 0;
    document.documentElement.classList.toggle("comparing", two.length > 0);
    const body = $("[data-versus-body=board]");
    if (two.length < 2) {
      body.textContent = two.length ? "Choose a second system to compare with." : "";
      return;
    }
    withPairs((data) => {
      if (picked().join() !== two.join()) return;
      body.replaceChildren(...sideBySide(two, data));
    });
  }

  function line(text, strong) {
    const p = document.createElement("p");
    if (strong) {
      const b = document.createElement("strong");
      b.textContent = text;
      p.append(b);
    } else p.textContent = text;
    return p;
  }

  function sideBySide(two, data) {
    const name = (slug) => $("a", document.getElementById(slug)).textContent;
    if (!data) return [line("The comparisons could not be loaded.")];
    const places = two.map((slug) => data.systems.indexOf(slug));
    const found = data.pairs.find((p) =>
      (p[0] === places[0] && p[1] === places[1]) || (p[0] === places[1] && p[1] === places[0]));
    if (!found) return [line(name(two[0]) + " and " + name(two[1]) + " were not tested against each other.")];
    const [first, second, difference, low, high, p, adjusted, why] = found;
    const names = [name(data.systems[first]), name(data.systems[second])];
    if (difference === null) return [line("Undefined: " + (why || "no figure") + ".")];
    const told = adjusted !== null && adjusted < data.level;
    const verdict = told ? "These data tell the two apart." : "These data do not tell the two apart.";
    return [
      line(verdict, true),
      line(data.metric + " of " + names[0] + " minus " + data.metric + " of " + names[1] + ": "
        + number(difference, 3) + ", interval [" + number(low, 3) + ", " + number(high, 3) + "]; p "
        + number(p, 4) + ", adjusted " + number(adjusted, 4) + " (" + data.adjustment + " over "
        + data.family + ")."),
    ];
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.elements.q.addEventListener("input", () => { filter(); save(false); });
  form.addEventListener("change", () => { filter(); save(true); });
  form.addEventListener("reset", () => setTimeout(() => { filter(); save(true); }));
  board.addEventListener("change", (event) => {
    if (event.target.name === "compare") { versus(); save(true); }
  });
  addEventListener("popstate", restore);
  restore();
})();
