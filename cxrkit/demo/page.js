"use strict";
// Films, their names and the answers live in this page alone, and go with it.
const words = label => label === "covid" ? "COVID-19" : label;
const $ = id => document.getElementById(id), films = [], share = p => p.toFixed(3), MOST = 500;
const pictured = [], PICTURED = 20; // so many films keep their pictures here; another is asked about anew when it is opened
let queue = Promise.resolve(), forgotten = 0, run, shown, zoom = 1, moved = [0, 0], drawing = {};

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

async function begin() {
  run = await (await fetch("/run.json")).json();
  const seeds = run.seeds > 1 ? `, ${run.seeds} seeds each` : "";
  $("run").textContent = `Run ${run.experiment}, data ${run.manifest_sha256.slice(0, 12)}: ${Object.values(run.networks).join(", ")}${seeds}; called COVID-19 from ${share(run.threshold)} on.`;
  $("warnings").replaceChildren(...run.warnings.slice(1, -1).map(text => element("li", text)));
  $("verdict").firstChild.textContent = `Can this run’s scores be trusted? ${run.headline}`;
  $("verdict").lastChild.textContent = run.verdict;
  $("foot").textContent = `cxrkit ${run.version}. ` + (run.checked ? "" : `Whether a film is outside what the networks have seen is not checked: ${run.why_not_checked}.`);
}

// One queue, however many drops; what was waiting when the films were forgotten is not read.
function bring(files) {
  const since = forgotten;
  queue = queue.then(() => read(files, since)).catch(error => { $("progress").textContent = `The films cannot be shown: ${error.message}`; });
}

async function read(files, since) {
  let done = 0, first = true;
  for (const file of files) {
    if (since !== forgotten) return;
    $("progress").textContent = `Reading film ${++done} of ${files.length} …`;
    const film = films.length < MOST ? await ask(file) : { name: short(file.name), reason: `this page holds ${MOST} films: forget them first` };
    if (since !== forgotten) return;
    films.push(film);
    if (!film.reason) keep(film);
    $("all").hidden = false;
    $("rows").append(...rows(film));
    if (first && !film.reason) { show(film); first = false; }
  }
  const bad = films.filter(film => film.reason).length;
  $("progress").textContent = `${films.length - bad} ${films.length - bad === 1 ? "film" : "films"} read` + (bad ? `, ${bad} not: the table says why.` : ".");
  $("files").value = "";
}

async function ask(file) {
  const film = { name: short(file.name), file };
  if (!run) film.reason = "the run could not be read: load the page again";
  else if (file.size > run.largest_upload) film.reason = `it is larger than ${run.largest_upload / 1e6} MB`;
  else try {
    const answered = await fetch("/film", { method: "POST", headers: { "X-Film": "1", "Content-Type": "application/octet-stream" }, body: file });
    const found = await answered.json();
    if (answered.ok) Object.assign(film, found); else film.reason = found.reason;
  } catch (error) { film.reason = `the demo did not answer: is it still running? (${error.message})`; }
  return film;
}

function keep(film) {
  pictured.push(film);
  if (pictured.length <= PICTURED) return;
  const [old] = pictured.splice(pictured.findIndex(one => one !== shown), 1);
  old.picture = old.maps = undefined;
}

async function open(film) {
  if (!film.picture) {
    const since = forgotten, again = await ask(film.file);
    if (since !== forgotten) return;
    if (again.reason) { $("progress").textContent = `${film.name} cannot be shown again: ${again.reason}`; return; }
    Object.assign(film, again);
    keep(film);
  }
  show(film);
  $("name").focus();
}

function rows(film) {
  const line = element("tr"), name = element("td");
  if (film.reason) {
    name.textContent = film.name;
    const why = element("td", film.reason.startsWith("not a film") ? film.reason : `not read: ${film.reason}`, "bad");
    why.colSpan = 3;
    line.append(name, why);
    return [line];
  }
  const button = element("button", film.name), { ensemble: all, outside, called, why_outside } = film.answer;
  button.type = "button";
  button.onclick = () => open(film);
  name.append(button);
  line.append(name, element("td", share(all.p_covid), outside ? "number void" : "number"), element("td", range(all)), element("td", outside ? "OUTSIDE" : words(called), outside ? "bad" : ""));
  if (!outside) return [line];
  const why = element("tr", undefined, "why"), reasons = element("td", `${why_outside.join("; ")}`, "bad"); // a line of its own: a phone shows it, too
  reasons.colSpan = 4;
  why.append(reasons);
  return [line, why];
}

// Of a long name its ends; signs that turn the direction of what follows are left out.
function short(name) {
  const plain = name.replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
  return plain.length > 80 ? `${plain.slice(0, 60)}…${plain.slice(-16)}` : plain;
}

const range = p => p.networks > 1 ? `${share(p.low)} to ${share(p.high)} (${p.networks})` : "";

function show(film) {
  shown = film;
  const { answer } = film, all = answer.ensemble, outside = answer.outside;
  $("film").hidden = false;
  $("name").textContent = film.name;
  $("p").textContent = share(all.p_covid);
  $("p").parentElement.classList.toggle("void", Boolean(outside));
  $("outside").hidden = $("across").hidden = !outside;
  $("outside").textContent = `OUTSIDE what these networks have seen, so the number means nothing: ${answer.why_outside.join("; ")}.`;
  $("across").replaceChildren("OUTSIDE", element("small", answer.why_outside[0]));
  $("range").textContent = (outside ? "" : `Called ${words(film.answer.called)}. `) + (outside === null ? "Whether it is outside what the networks have seen was not checked. " : "") + (all.networks > 1 ? `Single networks say ${share(all.low)} to ${share(all.high)} (${all.networks}). ` : "One network alone. ")
    + (answer.possible.classes ? `It may be: ${answer.possible.words}. ` : "")
    + (all.calibrated ? `Calibrated with a temperature of ${all.temperature.toFixed(2)}, fitted on ${all.fitted_on}; as the networks say it, ${share(all.raw)}. ${all.note}` : `Not calibrated: ${all.why_not_calibrated}.`);
  $("standing-words").textContent = film.standing.map((own, number) => `${number ? "h" : "H"}igher than ${own.below} of ${own.n} held-out ${words(own.label)} films`).join("; ") + (film.standing.length ? "." : "");
  $("scale").hidden = !run.held_out.length;
  $("standing").replaceChildren(...(run.held_out.length ? [scale(all.raw)] : []));
  $("networks").tBodies[0].replaceChildren(...answer.networks.map(one => {
    const row = element("tr"), p = one.probability, name = element("th", run.networks[one.architecture]);
    name.scope = "row";
    row.append(name, element("td", share(p.p_covid), "number"), element("td", range(p)));
    return row;
  }));
  const chosen = $("map").value;
  $("map").replaceChildren(new Option("none", ""), ...Object.keys(film.maps).map(name => new Option(name, name)));
  $("map").value = chosen in film.maps ? chosen : "";
  $("canvas").setAttribute("aria-label", `The film, ${film.width} by ${film.height} pixels. Arrow keys move it, plus and minus zoom.`);
  whole();
  load();
}

function scale(p) {
  const wide = 420, left = 78, place = value => left + value * (wide - left - 10), svg = shape("svg", { viewBox: `0 0 ${wide} ${34 * run.held_out.length + 26}`, role: "img", "aria-label": $("standing-words").textContent });
  run.held_out.forEach((group, number) => {
    const top = 6 + 34 * number;
    svg.append(shape("text", { x: 0, y: top + 17 }, words(group.label)), shape("line", { class: "axis", x1: left, x2: wide - 10, y1: top + 24, y2: top + 24 }));
    for (const value of group.p_covid) svg.append(shape("line", { class: "tick", x1: place(value), x2: place(value), y1: top + 6, y2: top + 24 }));
  });
  const end = 34 * run.held_out.length;
  svg.append(shape("line", { class: "own", x1: place(p), x2: place(p), y1: 2, y2: end }));
  for (const value of [0, .5, 1]) svg.append(shape("text", { x: place(value), y: end + 18, "text-anchor": value === 1 ? "end" : value ? "middle" : "start" }, String(value)));
  return svg;
}

function shape(name, facts, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(facts)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

function load() {
  drawing = { film: new Image(), map: $("map").value ? new Image() : null };
  for (const picture of [drawing.film, drawing.map]) if (picture) picture.onload = draw;
  drawing.film.src = shown.picture;
  if (drawing.map) drawing.map.src = shown.maps[$("map").value];
}

function draw() {
  const { film, map } = drawing, canvas = $("canvas"), pen = canvas.getContext("2d");
  canvas.style.touchAction = zoom > 1 ? "none" : "pan-y"; // a finger scrolls the page past a film that is whole
  if (!film?.complete || !film.naturalWidth) return;
  canvas.width = film.naturalWidth; canvas.height = film.naturalHeight;
  const reach = (zoom - 1) / 2;
  moved = moved.map((value, axis) => Math.max(-reach, Math.min(reach, value)) * (zoom > 1) );
  const [wide, high] = [canvas.width * zoom, canvas.height * zoom];
  const at = [(canvas.width - wide) / 2 + moved[0] * canvas.width, (canvas.height - high) / 2 + moved[1] * canvas.height];
  pen.imageSmoothingEnabled = zoom < 4;
  pen.drawImage(film, ...at, wide, high);
  const width = $("window").value / 100 * 255, low = $("level").value / 100 * 255 - width / 2;
  if (width < 255 || $("level").value !== "50") {
    const pixels = pen.getImageData(0, 0, canvas.width, canvas.height), data = pixels.data;
    for (let place = 0; place < data.length; place += 4) data[place] = data[place + 1] = data[place + 2] = (data[place] - low) / width * 255;
    pen.putImageData(pixels, 0, 0);
  }
  if (map && map.complete && map.naturalWidth) { pen.imageSmoothingEnabled = true; pen.drawImage(map, ...at, wide, high); }
}

function enlarge(by) { zoom = Math.max(1, Math.min(16, zoom * by)); draw(); }
function whole() { zoom = 1; moved = [0, 0]; draw(); }

$("files").onchange = event => bring([...event.target.files]);
for (const kind of ["dragenter", "dragover"]) addEventListener(kind, event => { event.preventDefault(); $("drop").classList.add("over"); });
for (const kind of ["dragleave", "drop"]) addEventListener(kind, event => { event.preventDefault(); $("drop").classList.remove("over"); });
addEventListener("drop", event => bring([...event.dataTransfer.files]));
$("map").onchange = load;
$("window").oninput = $("level").oninput = () => requestAnimationFrame(draw);
$("larger").onclick = () => enlarge(1.5); $("smaller").onclick = () => enlarge(1 / 1.5); $("whole").onclick = whole;
$("forget").onclick = () => {
  forgotten += 1; films.length = pictured.length = 0; shown = undefined; drawing = {};
  $("canvas").width = 0; // its pixels are a copy
  for (const part of [$("name"), $("rows"), $("map"), $("networks").tBodies[0]]) part.replaceChildren();
  $("film").hidden = $("all").hidden = true;
  $("progress").textContent = "All films are forgotten.";
  $("files").value = "";
  $("files").focus();
};
$("canvas").addEventListener("wheel", event => { if (zoom === 1 && event.deltaY > 0) return; event.preventDefault(); enlarge(event.deltaY < 0 ? 1.15 : 1 / 1.15); }, { passive: false });
$("canvas").onpointerdown = event => $("canvas").setPointerCapture(event.pointerId);
$("canvas").onpointermove = event => { if (event.buttons) { const box = $("canvas").getBoundingClientRect(); moved = [moved[0] + event.movementX / box.width, moved[1] + event.movementY / box.height]; draw(); } };
$("canvas").onkeydown = event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowLeft: [.1, 0], ArrowRight: [-.1, 0], ArrowUp: [0, .1], ArrowDown: [0, -.1] }[event.key];
  if (step && zoom > 1) { event.preventDefault(); moved = [moved[0] + step[0], moved[1] + step[1]]; draw(); }
  else if (event.key === "+" || event.key === "=") enlarge(1.5);
  else if (event.key === "-") enlarge(1 / 1.5);
};
queue = begin().catch(error => { $("run").textContent = `The run cannot be read: ${error.message}`; });
