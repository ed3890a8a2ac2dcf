"use strict";
(() => {
  // Findings: a search and a severity filter over what the page already holds.
  const search = document.getElementById("find");
  const boxes = [...document.querySelectorAll("input[name=severity]")];
  const shown = document.getElementById("shown");
  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const severities = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let count = 0;
    for (const group of document.querySelectorAll("details.findings")) {
      let here = 0;
      for (const item of group.querySelectorAll("article")) {
        const text = item.textContent.toLowerCase();
        const fits = severities.has(item.dataset.severity) && words.every((word) => text.includes(word));
        item.hidden = !fits;
        here += fits ? 1 : 0;
      }
      group.hidden = here === 0;
      if (words.length > 0 && here > 0) group.open = true;
      count += here;
    }
    shown.textContent = count + (count === 1 ? " finding shown" : " findings shown");
  }
  if (search) {
    search.addEventListener("input", filter);
    boxes.forEach((box) => box.addEventListener("change", filter));
    search.form.addEventListener("submit", (event) => event.preventDefault());
    document.getElementById("filter").hidden = false;
    filter();
  }

  // The picture: sources on the left, protected workloads on the right, both grouped by namespace.
  const data = document.getElementById("map");
  const canvas = document.getElementById("picture");
  if (!data || !canvas) return;
  const map = JSON.parse(data.textContent);
  const OUTSIDE = "outside the cluster";
  const places = map.places.map((place, index) => ({ ...place, index, group: place.group || OUTSIDE }));
  const input = document.getElementById("find-flow");
  const onlyOther = document.getElementById("only-other");
  const chosen = document.getElementById("chosen");
  const SVG = "http://www.w3.org/2000/svg";
  const open = new Set();
  let pressed = null;
  const all = new Set(map.flows.flatMap((flow) => ["from " + places[flow.from].group, "to " + places[flow.to].group]));
  if (places.length <= 16) all.forEach((key) => open.add(key));

  function element(name, attributes, parent) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (parent) parent.append(made);
    return made;
  }
  function columns(flows) {
    const sides = { from: new Map(), to: new Map() };
    for (const flow of flows) {
      for (const side of ["from", "to"]) {
        const place = places[flow[side]];
        if (!sides[side].has(place.group)) sides[side].set(place.group, new Set());
        sides[side].get(place.group).add(place.index);
      }
    }
    return sides;
  }
  function rows(side, groups) {
    const names = [...groups.keys()].sort((a, b) => (a === OUTSIDE) - (b === OUTSIDE) || (a < b ? -1 : 1));
    const list = [];
    for (const group of names) {
      const key = side + " " + group;
      const members = [...groups.get(group)];
      list.push({ key, group, label: group, count: members.length, isGroup: true, isOpen: open.has(key) });
      if (open.has(key)) {
        for (const index of members) list.push({ key: side + " #" + index, label: places[index].name, index });
      }
    }
    return list;
  }
  function rowOf(side, place) {
    return open.has(side + " " + place.group) ? side + " #" + place.index : side + " " + place.group;
  }
  function fit(text, width) {
    const room = Math.max(4, Math.floor((width - 22) / 7.4));
    return text.length <= room ? text : text.slice(0, Math.ceil(room / 2) - 1) + "\u2026" + text.slice(-Math.floor(room / 2));
  }
  function draw() {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (place) => words.every((word) => (place.group + "/" + place.name).toLowerCase().includes(word));
    const flows = map.flows.filter((flow) => (!onlyOther.checked || !flow.asked)
      && (words.length === 0 || fits(places[flow.from]) || fits(places[flow.to])));
    const width = Math.max(300, canvas.clientWidth - 2);
    const box = Math.min(320, Math.floor((width - 24) * (width < 500 ? 0.4 : 0.36)));
    const sides = columns(flows);
    const STEP = 32, TOP = 34;
    const where = new Map();
    const svg = element("svg", { width, role: "group", "aria-label": "Who reaches whom" });
    let height = TOP;
    for (const side of ["from", "to"]) {
      const x = side === "from" ? 12 : width - 12 - box;
      element("text", { x, y: 20, class: "head" }, svg).textContent = side === "from" ? "from" : "to (protected)";
      rows(side, sides[side]).forEach((row, number) => {
        where.set(row.key, { ...row, side, x, y: TOP + number * STEP });
        height = Math.max(height, TOP + (number + 1) * STEP);
      });
    }
    svg.setAttribute("height", height + 8);
    svg.setAttribute("viewBox", "0 0 " + width + " " + (height + 8));
    const edges = new Map();
    for (const flow of flows) {
      const from = rowOf("from", places[flow.from]);
      const to = rowOf("to", places[flow.to]);
      const key = from + "|" + to + "|" + flow.asked;
      if (!edges.has(key)) edges.set(key, { from, to, asked: flow.asked, count: 0, ports: new Set() });
      const edge = edges.get(key);
      edge.count++;
      edge.ports.add(flow.ports);
    }
    const touches = (edge) => edge.from === pressed || edge.to === pressed;
    if (pressed && !where.has(pressed)) pressed = null;
    for (const edge of edges.values()) {
      const a = where.get(edge.from), b = where.get(edge.to);
      const x1 = a.x + box, y1 = a.y + 13, x2 = b.x, y2 = b.y + 13 + (edge.asked ? -3 : 3);
      const bend = Math.max(16, (x2 - x1) / 2);
      const path = element("path", { d: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`,
        class: (edge.asked ? "asked" : "other") + (pressed && !touches(edge) ? " dim" : "") }, svg);
      element("title", {}, path).textContent = `${a.label} to ${b.label}: ${[...edge.ports].join("; ")}`;
    }
    for (const row of where.values()) {
      const indent = row.isGroup ? 0 : 12;
      const node = element("g", { role: "button", tabindex: 0, class: row.isGroup ? "group" : "place", "data-key": row.key,
        transform: `translate(${row.x + indent} ${row.y})` }, svg);
      const full = row.isGroup ? row.label + ", " + row.count + (row.count === 1 ? " end" : " ends") : row.label;
      node.setAttribute("aria-label", (row.side === "from" ? "from " : "to ") + full);
      if (row.isGroup) node.setAttribute("aria-expanded", row.isOpen);
      else node.setAttribute("aria-pressed", pressed === row.key);
      element("title", {}, node).textContent = full;
      element("rect", { width: box - indent, height: 26, rx: 4 }, node);
      const label = row.isGroup ? (row.isOpen ? "\u25be " : "\u25b8 ") + row.label : row.label;
      const tail = row.isGroup ? " (" + row.count + ")" : "";
      element("text", { x: 8, y: 18 }, node).textContent = fit(label, box - indent - tail.length * 7.4) + tail;
      const act = () => {
        if (row.isGroup) {
          if (open.has(row.key)) open.delete(row.key); else open.add(row.key);
        } else {
          pressed = pressed === row.key ? null : row.key;
        }
        draw();
        const again = canvas.querySelector(`[data-key="${CSS.escape(row.key)}"]`);
        if (again) again.focus({ preventScroll: true });
      };
      node.addEventListener("click", act);
      node.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(); }
        const list = [...canvas.querySelectorAll("g[role=button]")];
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step) {
          event.preventDefault();
          const next = list[list.indexOf(node) + step];
          if (next) next.focus();
        }
      });
    }
    canvas.replaceChildren(svg);
    const list = [...edges.values()];
    if (pressed) {
      const mine = list.filter(touches);
      const lines = mine.map((edge) => {
        const end = where.get(edge.from === pressed ? edge.to : edge.from);
        return end.label + " (" + [...edge.ports].slice(0, 3).join("; ") + (edge.ports.size > 3 ? "; ..." : "") + ")";
      });
      chosen.textContent = where.get(pressed).label + (pressed.startsWith("from") ? " reaches: " : " is reached by: ")
        + lines.slice(0, 12).join(", ") + (lines.length > 12 ? " and " + (lines.length - 12) + " more" : "");
    } else {
      const other = flows.filter((flow) => !flow.asked).length;
      chosen.textContent = flows.length + " connections shown, " + other + " of them from peers that no posture names.";
    }
  }
  const toggle = (opens) => () => {
    open.clear();
    if (opens) all.forEach((key) => open.add(key));
    draw();
  };
  document.getElementById("open-all").addEventListener("click", toggle(true));
  document.getElementById("close-all").addEventListener("click", toggle(false));
  input.addEventListener("input", draw);
  onlyOther.addEventListener("change", draw);
  input.form.addEventListener("submit", (event) => event.preventDefault());
  let width = 0;
  new ResizeObserver(() => {
    if (canvas.clientWidth !== width) { width = canvas.clientWidth; draw(); }
  }).observe(canvas);
  document.getElementById("drawn").hidden = false;
  draw();
})();
