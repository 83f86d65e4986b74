"use strict";
// Shows the rows that the filters leave, and makes the lines to paste of those that are ticked.
const filters = document.getElementById("filters");
const field = (name) => filters.querySelector(`[name="${name}"]`);
const branches = [...document.querySelectorAll(".branch")].map((section) => {
  const rows = [...section.querySelectorAll("tr[data-word]")].map((row) => ({
    row,
    box: row.querySelector("input"),
    text: row.textContent.toLowerCase(),
    tags: row.dataset.tags.split(" "),
    needs: [],
    neededBy: [],
  }));
  const byHash = new Map(rows.map((one) => [one.row.dataset.commit.slice(0, 10), one]));
  for (const one of rows)
    for (const hash of (one.row.dataset.needs || "").split(" ").filter(Boolean)) {
      one.needs.push(byHash.get(hash));
      byHash.get(hash).neededBy.push(one);
    }
  return { section, rows };
});

function show() {
  const words = [...filters.querySelectorAll('[name="word"]:checked')].map((box) => box.value);
  const asked = field("text").value.toLowerCase().split(/\s+/).filter(Boolean);
  const [tag, branch] = [field("tag").value, field("branch")?.value];
  let [shown, total] = [0, 0];
  for (const { section, rows } of branches) {
    section.hidden = branch && branch !== section.id;
    for (const one of rows) {
      const fits =
        (!words.length || words.includes(one.row.dataset.word)) &&
        (!tag || one.tags.includes(tag)) &&
        asked.every((word) => one.text.includes(word));
      one.row.hidden = !fits && location.hash !== `#${one.row.id}`;
      shown += !one.row.hidden && !section.hidden;
    }
    total += rows.length;
  }
  field("shown").value = `${shown} of ${total} rows`;
}

function fill({ section, rows }) {
  const put = (selector, text) => { section.querySelector(selector).textContent = text; };
  const ordered = [...rows].sort((a, b) => a.row.dataset.place - b.row.dataset.place);
  const ticked = ordered.filter(({ box }) => box.checked);
  const changed = ordered.filter(({ box }) => box.checked !== box.defaultChecked);
  const hash = ({ row }) => row.dataset.commit;
  const picks = ["git cherry-pick -sx", ...ticked.map(hash)].join(" ");
  const decided = (one) =>
    `bisector queue ${section.dataset.branch} ${one.box.checked ? "--yes" : "--no"} ${hash(one)}`;
  put(".picks", ticked.length ? picks : "# nothing is ticked");
  put(".ticked", `${ticked.length} of ${rows.length} ticked`);
  put(".decisions pre", changed.map(decided).join("\n"));
  section.querySelector(".decisions").hidden = !changed.length;
}

// What a row needs is ticked with it, and what needs it is unticked with it.
function tick(one, on) {
  one.box.checked = on;
  for (const other of on ? one.needs : one.neededBy) if (other.box.checked !== on) tick(other, on);
}

for (const branch of branches.filter(({ rows }) => rows.length)) {
  branch.section.addEventListener("change", ({ target }) => {
    tick(branch.rows.find(({ box }) => box === target), target.checked);
    fill(branch);
  });
  fill(branch);
}
filters.addEventListener("input", show);
addEventListener("hashchange", show);
filters.hidden = false;
show();
