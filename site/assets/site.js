// The theme, and tables that sort. Everything is readable without this file.
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

  function columnKeys(body, column) {
    if (!remembered.has(body)) {
      remembered.set(body, { rows: Array.from(body.rows), columns: new Map() });
    }
    const { rows, columns } = remembered.get(body);
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
  function sortBody(body, column, sign) {
    const { keys, numeric } = columnKeys(body, column);
    const sorted = keys.slice().sort((a, b) => {
      if (a.text === "" || b.text === "") {
        if (a.text === b.text) return a.place - b.place;
        return a.text === "" ? 1 : -1;
      }
      const order = numeric ? a.number - b.number : compareText(a.text, b.text);
      return sign * order || a.place - b.place;
    });
    // One step: the body is taken apart and put together once. A script that shows a part of the
    // rows does so itself.
    const rows = sorted.map((key) => key.row);
    const event = new CustomEvent("ordered", { detail: rows, cancelable: true });
    if (body.dispatchEvent(event)) body.replaceChildren(...rows);
  }

  // Each body that holds rows by itself: claims stay below what was scored.
  function sortTable(table, header, direction) {
    const column = Array.from(header.parentNode.children).indexOf(header);
    const marked = $$("tbody[data-rows]", table);
    for (const body of marked.length ? marked : table.tBodies) {
      sortBody(body, column, direction === "ascending" ? 1 : -1);
    }
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
        table.dispatchEvent(new Event("sorted"));
      });
    }
    // Another script asks for an order: a board restores the one of its address.
    table.addEventListener("sort", (event) => {
      sortTable(table, event.detail.header, event.detail.direction);
    });
  }
})();
