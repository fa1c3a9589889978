// The gallery: which films are shown and in which order, and a film looked at closely. Without it all films are shown.
(function () {
  const at = id => document.getElementById(id), list = document.querySelector(".gallery"), viewer = at("viewer");
  const all = list ? Array.from(list.children) : [], stage = at("stage");
  if (!all.length) { return; }
  const carried = at("predictions"), data = JSON.parse(carried.textContent), maps = at("maps") ? JSON.parse(at("maps").textContent) : {};
  const option = (text, value) => Object.assign(document.createElement("option"), { textContent: text, value });
  const shown = () => all.filter(item => !item.hidden).sort((a, b) => a.compareDocumentPosition(b) & 4 ? -1 : 1);

  function sift() {
    const order = at("s-order").value, number = (item, name) => Number(item.dataset[name]);
    all.forEach(item => { item.hidden = ["network", "error"].some(name => at("s-" + name).value && item.dataset[name] !== at("s-" + name).value); });
    const sorted = order === "network" ? all.slice().sort((a, b) => a.dataset.network.localeCompare(b.dataset.network, "en", { numeric: true }))
      : order ? all.slice().sort((a, b) => number(b, order) - number(a, order)) : all;
    list.append(...sorted);
    const left = shown(), films = new Set(left.map(item => item.dataset.place)).size;
    at("s-count").textContent = left.length + " of " + all.length + " shown" + (films < left.length ? ", " + films + " different film" + (films === 1 ? "" : "s") : "");
  }
  ["network", "error"].forEach(name => {
    new Set(all.map(item => item.dataset[name])).forEach(value => at("s-" + name).append(option(value, value)));
    at("s-" + name).addEventListener("change", sift);
  });
  at("s-order").addEventListener("change", sift);
  at("sift").addEventListener("submit", event => event.preventDefault());
  at("sift").hidden = false;
  sift();

  const film = document.createElement("img"), map = document.createElement("img"); // in the page once they show something
  map.alt = "";
  // The viewer. zoom: 1 shows all of the film; moved: of its middle from the stage's, in pixels.
  let item, zoom = 1, moved = [0, 0], size = [0, 0];
  function place() {
    const room = [stage.clientWidth, stage.clientHeight], scale = Math.min(room[0] / film.naturalWidth, room[1] / film.naturalHeight) || 1;
    size = [film.naturalWidth * scale, film.naturalHeight * scale];
    moved = moved.map((by, axis) => Math.max(-size[axis] * zoom / 2, Math.min(size[axis] * zoom / 2, by)));
    const square = viewer.dataset.resize === "crop" ? [Math.min(...size), Math.min(...size)] : size;
    at("v-sheet").style.cssText = `width:${size[0]}px;height:${size[1]}px;left:${(room[0] - size[0]) / 2}px;top:${(room[1] - size[1]) / 2}px;transform:translate(${moved[0]}px,${moved[1]}px) scale(${zoom})`;
    map.style.cssText = `width:${square[0]}px;height:${square[1]}px;left:${(size[0] - square[0]) / 2}px;top:${(size[1] - square[1]) / 2}px;opacity:${at("v-opacity").value / 100}`;
    at("v-zoom").textContent = zoom.toFixed(1) + "×";
  }
  function magnify(by, point = [0, 0]) {
    const wanted = Math.max(1, Math.min(16, zoom * by));
    moved = wanted === 1 ? [0, 0] : moved.map((old, axis) => point[axis] - (point[axis] - old) * wanted / zoom);
    zoom = wanted;
    place();
  }
  function move(x, y) { moved = [moved[0] + x, moved[1] + y]; place(); }
  function whole() { zoom = 1; moved = [0, 0]; place(); }
  function paint() {
    const wide = Number(at("v-window").value), level = Number(at("v-level").value), turned = at("v-turn").checked ? -1 : 1;
    const slope = turned * 255 / wide, middle = 0.5 - slope * level / 255;
    viewer.querySelectorAll("feComponentTransfer > *").forEach(part => { part.setAttribute("slope", slope); part.setAttribute("intercept", middle); });
    film.style.filter = wide === 255 && level === 128 && turned === 1 ? "" : "url(#v-filter)";
    viewer.querySelectorAll("label output").forEach(out => { out.textContent = at(out.htmlFor[0]).value + (out.htmlFor[0] === "v-opacity" ? " %" : ""); });
    const source = known()[at("v-of").value];
    map.hidden = !source;
    if (source) { map.src = source; at("v-sheet").append(map); }
    place();
  }
  function reset() {
    viewer.querySelectorAll("input[type=range]").forEach(slider => { slider.value = slider.defaultValue; });
    at("v-turn").checked = false;
    whole();
    paint();
  }
  // {network: map} of the film, from its places in the gallery and from what the page carries besides.
  function known() {
    const found = Object.assign({}, maps[item.dataset.place]);
    all.filter(one => one.dataset.place === item.dataset.place).forEach(one => {
      const picture = one.querySelector(".map");
      if (picture) { found[one.dataset.network] = picture.src; }
    });
    return found;
  }
  const called = p => p >= data.threshold ? "COVID-19" : "normal";
  function tell() {
    const index = Number(item.dataset.place), told = new Set(), seen = known();
    const rows = index < 0 ? [] : data.choices.filter(choice => !told.has(choice.network) && told.add(choice.network)).map(choice => {
      const each = choice.runs.map(run => data.runs[run].p[index]), mean = each.reduce((a, b) => a + b, 0) / each.length;
      const range = each.length > 1 ? ` [${Math.min(...each).toFixed(3)}, ${Math.max(...each).toFixed(3)}]` : "";
      const row = document.createElement("tr");
      [choice.network, mean.toFixed(3) + range, called(mean), seen[choice.network] ? "yes" : "none"].forEach((text, column) => {
        const cell = document.createElement(column ? "td" : "th");
        if (column === 1) { cell.className = "number"; } else if (!column) { cell.scope = "row"; }
        cell.textContent = text;
        row.append(cell);
      });
      return row;
    });
    at("v-rows").replaceChildren(...rows);
    at("v-truth").textContent = `This film is ${data.is_covid[index] ? "COVID-19" : "normal"}; called COVID-19 from ${data.threshold} on. p: mean over seeds [lowest, highest].`;
    at("v-of").replaceChildren(option("none", ""), ...Object.keys(seen).map(name => option(name, name)));
    if (seen[item.dataset.network]) { at("v-of").value = item.dataset.network; }
  }
  function look(next) {
    item = next;
    const turn = shown().filter(one => one.querySelector(".picture")), picture = item.querySelector(".picture img"), caption = item.querySelector("figcaption");
    at("v-name").textContent = caption.querySelector("bdi").textContent;
    at("v-place").textContent = `${item.dataset.network}, ${item.dataset.run}: ${item.dataset.error}; ${turn.indexOf(item) + 1} of ${turn.length}`;
    at("v-credit").textContent = caption.querySelector("small").textContent;
    film.alt = picture.alt.replace(/, and beside.*$/, "");
    film.onload = () => {
      at("v-said").textContent = `Window and level work on the picture in this page, ${film.naturalWidth} × ${film.naturalHeight} pixels of 8 bits, not on the 12 bits or more of the original. Drag with the secondary button: across for the window, down for the level. Not for diagnosis.`;
      place();
    };
    film.src = picture.dataset.src || picture.src;
    tell();
    at("v-sheet").prepend(film);
    if (!viewer.open) { viewer.showModal(); stage.focus(); }
    whole();
    paint();
  }
  function step(by) {
    const turn = shown().filter(one => one.querySelector(".picture"));
    look(turn[(turn.indexOf(item) + by + turn.length) % turn.length]);
  }
  all.forEach(one => {
    const picture = one.querySelector(".picture");
    if (!picture) { return; }
    const button = document.createElement("button");
    button.type = "button";
    button.className = picture.className;
    button.append(...picture.childNodes);
    button.setAttribute("aria-label", "Look closely: " + button.querySelector("img").alt);
    button.addEventListener("click", () => look(one));
    picture.replaceWith(button);
  });
  const click = { "v-back": () => step(-1), "v-next": () => step(1), "v-close": () => viewer.close(), "v-in": () => magnify(1.5), "v-out": () => magnify(1 / 1.5), "v-whole": whole, "v-reset": reset };
  Object.entries(click).forEach(([id, action]) => at(id).addEventListener("click", action));
  ["input", "change"].forEach(name => viewer.addEventListener(name, paint));
  viewer.addEventListener("close", () => { const back = item.hidden ? null : item.querySelector("button"); if (back) { back.focus(); } });
  const keys = { "+": () => magnify(1.5), "=": () => magnify(1.5), "-": () => magnify(1 / 1.5), 0: whole, ArrowLeft: () => move(60, 0), ArrowRight: () => move(-60, 0), ArrowUp: () => move(0, 60), ArrowDown: () => move(0, -60) };
  viewer.addEventListener("keydown", event => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select") || (event.key.startsWith("Arrow") && event.target !== stage)) { return; }
    event.preventDefault();
    keys[event.key]();
  });
  const from = event => { const box = stage.getBoundingClientRect(); return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2]; };
  stage.addEventListener("wheel", event => { event.preventDefault(); magnify(Math.exp(-event.deltaY / (event.deltaMode ? 10 : 400)), from(event)); }, { passive: false });
  stage.addEventListener("dblclick", event => zoom > 1 ? whole() : magnify(3, from(event)));
  stage.addEventListener("contextmenu", event => event.preventDefault());
  const held = new Map(), apart = points => Math.hypot(points[0][0] - points[1][0], points[0][1] - points[1][1]);
  stage.addEventListener("pointerdown", event => { stage.setPointerCapture(event.pointerId); held.set(event.pointerId, from(event)); });
  stage.addEventListener("pointermove", event => {
    const old = held.get(event.pointerId), now = from(event);
    if (!old) { return; }
    const before = Array.from(held.values());
    held.set(event.pointerId, now);
    const points = Array.from(held.values()), by = [now[0] - old[0], now[1] - old[1]];
    if (points.length > 1) {
      const middle = [0, 1].map(axis => (points[0][axis] + points[1][axis]) / 2);
      moved = moved.map((place, axis) => place + by[axis] / 2);
      magnify(apart(points) / (apart(before) || 1), middle);
    } else if (event.buttons & 2) {
      at("v-window").value = Number(at("v-window").value) + by[0];
      at("v-level").value = Number(at("v-level").value) + by[1];
      paint();
    } else { move(...by); }
  });
  ["pointerup", "pointercancel"].forEach(name => stage.addEventListener(name, event => held.delete(event.pointerId)));
  window.addEventListener("resize", () => { if (viewer.open) { place(); } });
})();
