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

  // A table's cells as they stand; one that a spreadsheet would calculate gets an apostrophe before it.
  function cells(table) {
    return Array.from(table.rows).map(function (row) {
      return Array.from(row.cells).map(function (cell) {
        const said = (cell.querySelector(".title, thead button") || cell).textContent.replace(/\s+/g, " ").trim().replace(/\u2212/g, "-");
        return /^[=@+-]/.test(said) && !/^[+-][\d.]/.test(said) ? "'" + said : said;
      });
    });
  }
  function csv(table) {
    return cells(table).map(function (row) {
      return row.map(function (cell) { return '"' + cell.replace(/"/g, '""') + '"'; }).join(",");
    }).join("\r\n") + "\r\n";
  }
  // Where a browser keeps a page from its clipboard, the text is selected for one's own Ctrl-C.
  function copies(button, text) {
    const name = button.textContent;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", function () {
      const tell = function (word) { button.textContent = word; setTimeout(function () { button.textContent = name; }, 2000); };
      const byHand = function () {
        const area = document.createElement("textarea");
        area.value = text();
        document.body.appendChild(area);
        area.select();
        const done = document.execCommand("copy");
        area.remove();
        button.focus();
        tell(done ? "Copied" : "Not allowed here");
      };
      if (!navigator.clipboard) { byHand(); return; }
      navigator.clipboard.writeText(text()).then(function () { tell("Copied"); }, byHand);
    });
  }
  function button(name, beside) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = name;
    beside.appendChild(made);
    return made;
  }
  document.querySelectorAll(".table .tools").forEach(function (tools) {
    const part = tools.closest(".table"), table = part.querySelector("table");
    button("Save as CSV", tools).addEventListener("click", function () {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(["\ufeff" + csv(table)], { type: "text/csv" }));
      link.download = part.id.slice(2) + ".csv";
      link.click();
      setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
    });
    copies(button("Copy", tools), function () { return cells(table).map(function (row) { return row.join("\t"); }).join("\n"); });
  });
  document.querySelectorAll("pre").forEach(function (part) {
    const tools = document.createElement("p"), text = part.textContent.trim();
    tools.className = "tools";
    part.after(tools);
    copies(button("Copy", tools), function () { return text; });
  });

  // An address that names a closed part opens it; the contents show where one is.
  function unfold() {
    const part = document.getElementById(location.hash.slice(1));
    if (part && part.tagName === "DETAILS") { part.open = true; part.scrollIntoView(); }
  }
  window.addEventListener("hashchange", unfold);
  unfold();
  const seen = new IntersectionObserver(function (entries) {
    entries.forEach(function (entry) {
      const link = document.querySelector('nav a[href="#' + entry.target.id + '"]');
      if (!link) { return; }
      if (entry.isIntersecting) { link.setAttribute("aria-current", "true"); } else { link.removeAttribute("aria-current"); }
    });
  }, { rootMargin: "-15% 0px -80% 0px" });
  document.querySelectorAll("main > section").forEach(function (part) { seen.observe(part); });

  const carried = document.getElementById("predictions"), data = JSON.parse(carried ? carried.textContent : '{"runs": []}');
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
  let saying = 0;
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
    clearTimeout(saying);
    saying = setTimeout(function () {
      at("said").textContent = "Sensitivity " + at("sensitivity").textContent.slice(0, 5) + ", specificity " + at("specificity").textContent.slice(0, 5);
    }, 600);
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
