"use strict";
// Sorting, the threshold and printing; without it the page lacks nothing but these.
(function () {
  function sortable(table) {
    const body = table.tBodies[0];
    Array.from(table.tHead.rows[0].cells).forEach(function (head, column) {
      const title = head.querySelector(".title");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = title.textContent;
      title.replaceWith(button);
      button.addEventListener("click", function () {
        const falling = head.getAttribute("aria-sort") === "ascending";
        const key = function (row) {
          const cell = row.cells[column];
          return cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value);
        };
        const empty = function (value) { return value === "" || value === "–"; };
        const order = function (a, b) {
          const x = key(a), y = key(b);
          if (empty(x) || empty(y)) { return empty(x) - empty(y); }
          const found = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
          return falling ? -found : found;
        };
        Array.from(body.rows).sort(order).forEach(function (row) { body.appendChild(row); });
        Array.from(table.tHead.rows[0].cells).forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      });
    });
  }
  document.querySelectorAll("table.sortable").forEach(sortable);

  const data = JSON.parse(document.getElementById("predictions").textContent);
  const at = function (id) { return document.getElementById(id); };

  function wilson(count, n, size) {
    const z = data.z, share = count / n;
    const centre = (share + z * z / (2 * size)) / (1 + z * z / size);
    const half = z * Math.sqrt(share * (1 - share) / size + z * z / (4 * size * size)) / (1 + z * z / size);
    return [share, share === 0 ? 0 : Math.max(0, centre - half), share === 1 ? 1 : Math.min(1, centre + half)];
  }
  function told(count, n, size, digits) {
    if (!n) { return "–"; }
    const found = wilson(count, n, size).map(function (value) { return value.toFixed(digits); });
    return found[0] + " [" + found[1] + ", " + found[2] + "]";
  }
  // Mean counts over the runs chosen: one seed, or all seeds of a network.
  function counts(runs, threshold) {
    const sum = { tp: 0, fn: 0, tn: 0, fp: 0 };
    runs.forEach(function (run) {
      run.p.forEach(function (p, index) {
        const covid = data.is_covid[index] === 1, called = p >= threshold;
        sum[covid ? (called ? "tp" : "fn") : (called ? "fp" : "tn")] += 1 / runs.length;
      });
    });
    return sum;
  }
  function show() {
    const choice = data.choices[Number(at("run").value)];
    const threshold = Number(at("threshold").value);
    const found = counts(choice.runs.map(function (index) { return data.runs[index]; }), threshold);
    ["tp", "fn", "fp", "tn"].forEach(function (name) { at(name).textContent = String(Number(found[name].toFixed(2))); });
    const covid = found.tp + found.fn, normal = found.tn + found.fp, n = covid + normal;
    at("shown").textContent = threshold.toFixed(3);
    at("of").textContent = choice.name;
    at("sensitivity").textContent = told(found.tp, covid, data.effective_n.covid, 3);
    at("specificity").textContent = told(found.tn, normal, data.effective_n.normal, 3);
    at("error_rate").textContent = told(found.fn + found.fp, n, data.effective_n.all, 4);
  }
  if (data.runs.length) {
    data.choices.forEach(function (choice, index) {
      const option = document.createElement("option");
      option.value = String(index);
      option.textContent = choice.name;
      at("run").appendChild(option);
    });
    at("threshold").value = String(data.threshold);
    ["input", "change"].forEach(function (event) { at("slider").addEventListener(event, show); });
    at("reset").addEventListener("click", function () { at("threshold").value = String(data.threshold); show(); });
    at("slider").addEventListener("submit", function (event) { event.preventDefault(); });
    at("slider").hidden = false;
    show();
  }

  const opened = [];
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details:not([open])").forEach(function (part) { part.open = true; opened.push(part); });
  });
  window.addEventListener("afterprint", function () { opened.splice(0).forEach(function (part) { part.open = false; }); });
})();
