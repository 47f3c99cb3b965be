"use strict";
// Nothing here is needed to read the page: tables sort and filter, and print opens what is folded.
function compare(a, b) {
  const x = Number(a), y = Number(b);
  return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y;
}
function sortBy(table, column, down) {
  const body = table.tBodies[0];
  const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
  const rows = [...body.rows];
  const known = rows.filter((row) => key(row) !== "");
  const missing = rows.filter((row) => key(row) === "");
  known.sort((a, b) => (down ? -1 : 1) * compare(key(a), key(b)));
  body.append(...known, ...missing);
}
function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sortBy(table, column, down);
    });
  });
}
function control(label, field) {
  const frame = document.createElement("label");
  frame.append(label + " ", field);
  return frame;
}
// A line above `place` that hides those of `items` that do not fit; `choices` are verdicts to pick.
function filter(place, items, what, choices) {
  const line = document.createElement("div"), count = document.createElement("span");
  const text = document.createElement("input"), pick = document.createElement("select");
  line.className = "filter";
  text.type = "search";
  count.setAttribute("role", "status");
  line.append(control("Show only " + what + " with", text));
  if (choices.length > 1) {
    pick.append(new Option("any verdict", ""), ...choices.map((c) => new Option(c.replaceAll("_", " "), c)));
    line.append(control("verdict", pick));
  }
  line.append(count);
  const apply = () => {
    const wanted = text.value.toLowerCase();
    const fits = (item) => item.textContent.toLowerCase().includes(wanted)
      && (!pick.value || item.classList.contains(pick.value));
    items.forEach((item) => item.classList.toggle("out", !fits(item)));
    const left = items.filter(fits).length;
    count.textContent = left === items.length ? "" : left + " of " + items.length;
  };
  text.addEventListener("input", apply);
  pick.addEventListener("change", apply);
  place.before(line);
}
document.querySelectorAll("table.data").forEach((table) => {
  const rows = [...table.tBodies[0].rows];
  if (rows.length < 2) return;
  sortable(table);
  if (rows.length > 4) filter(table.parentNode, rows, "rows", []);
});
const cards = [...document.querySelectorAll(".cards > .card")];
if (cards.length > 2) {
  filter(cards[0].parentNode, cards, "claims", [...new Set(cards.map((card) => card.dataset.verdict))]);
}
// On a phone the first verdict comes before long lists of names.
if (matchMedia("screen and (max-width: 600px)").matches) {
  document.querySelectorAll("details.names").forEach((part) => { part.open = false; });
}
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  folded.forEach((part) => { part.open = true; });
});
addEventListener("afterprint", () => folded.forEach((part) => { part.open = false; }));
