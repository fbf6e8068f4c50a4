"""The look of a page and the script that sorts its tables; both are written into the page itself."""

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1c1e21; --soft: #5a6169; --line: #d5d9de; --band: #f3f5f7;
  --link: #0b5cad; --good: #00664b; --part: #7a4b00; --none: #8a2f00; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181b; --ink: #e8eaed; --soft: #a5acb5; --line: #3a3f46;
  --band: #202428; --link: #7db8f5; --good: #5fd3ae; --part: #f0bb5f; --none: #ff9d73; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 88rem; padding: 1rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 1rem 0 .5rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .5rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .25rem; }
p { max-width: 48rem; margin: .5rem 0; }
a { color: var(--link); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; margin: .75rem 0; padding: 0; }
.soft, figcaption, caption { color: var(--soft); font-size: .9rem; }
.scroll { overflow-x: auto; margin: .75rem 0; border: 1px solid var(--line); border-radius: 6px; }
.scroll:focus-visible, button:focus-visible, summary:focus-visible { outline: 2px solid var(--link); }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .5rem .75rem; }
th, td { padding: .4rem .6rem; text-align: left; border-top: 1px solid var(--line); white-space: nowrap; }
thead th { background: var(--band); vertical-align: bottom; white-space: normal; min-width: 4.5rem; }
tbody th { font-weight: 600; white-space: normal; min-width: 10rem; }
td.wrap { white-space: normal; min-width: 14rem; }
th button { font: inherit; font-weight: 600; color: inherit; background: none; border: 0; padding: 0; cursor: pointer;
  text-align: left; }
th button::after { content: " \\2195"; color: var(--soft); }
th[aria-sort=ascending] button::after { content: " \\2191"; color: var(--ink); }
th[aria-sort=descending] button::after { content: " \\2193"; color: var(--ink); }
.learned, .better { color: var(--good); font-weight: 600; }
.part { color: var(--part); font-weight: 600; }
.not { color: var(--none); font-weight: 600; }
figure { margin: 1.25rem 0; }
figure img { display: block; max-width: 100%; height: auto; background: #fff; padding: 8px; border-radius: 6px;
  border: 1px solid var(--line); }
summary { cursor: pointer; color: var(--link); padding: .25rem 0; }
@media (max-width: 40rem) { body { padding: .5rem .75rem 3rem; } h1 { font-size: 1.35rem; }
  tbody th { min-width: 7rem; } }
@media print { body { max-width: none; } .scroll { overflow: visible; } th button::after { content: ""; } }
"""

SCRIPT = """
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th"), table = head.closest("table"), body = table.tBodies[0];
    const up = head.getAttribute("aria-sort") !== "ascending", place = head.cellIndex;
    const value = row => row.cells[place].dataset.sort;
    const text = row => row.cells[place].textContent;
    const compare = (a, b) => {
      const first = value(a), second = value(b);
      if (first === undefined && second === undefined) return text(a).localeCompare(text(b));
      if (first === undefined || second === undefined) return first === undefined ? 1 : -1;
      const difference = Number(first) === Number(second) ? 0 : Number(first) - Number(second);
      return up ? difference : -difference;
    };
    const numeric = Array.from(body.rows).some(row => value(row) !== undefined);
    const rows = Array.from(body.rows).sort(compare);
    if (!up && !numeric) rows.reverse();
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    body.append(...rows);
  });
}
"""
