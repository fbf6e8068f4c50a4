"use strict";
/* Elements, a state that lives in the address, a tip that follows the pointer and the keyboard, and charts of lines. */
const page = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const put = (made, values, children) => {
    for (const [name, value] of Object.entries(values || {})) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.flat().filter(child => child !== null && child !== undefined));
    return made;
  };
  /** An element; children are elements or texts, so nothing of the data becomes markup. */
  const tag = (name, values, ...children) => put(document.createElement(name), values, children);
  const svg = (name, values, ...children) => put(document.createElementNS(SVG, name), values, children);

  /* State: names and texts in the fragment. A fragment without "=" is an anchor, and is left alone. */
  const known = new Map(new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : ""));
  const listeners = [];
  const state = {
    get: (name, otherwise) => (known.has(name) ? known.get(name) : otherwise),
    set(name, value) {
      if (value === null || value === "") known.delete(name); else known.set(name, String(value));
      const text = new URLSearchParams([...known]).toString();
      try { history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search); } catch { /* sandboxed */ }
    },
    listen: change => listeners.push(change),
  };
  addEventListener("hashchange", () => {
    if (!location.hash.includes("=")) return;
    known.clear();
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) known.set(name, value);
    listeners.forEach(change => change());
  });

  /* Numbers as people read them. */
  function number(value, percent = false) {
    if (typeof value !== "number" || !Number.isFinite(value)) return "–";
    if (percent) return `${(100 * value).toFixed(1)} %`;
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size >= 1e6 || size < 1e-3) return value.toExponential(1).replace("e+", "e");
    return size >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
  }

  /** About `count` round values between two ends. */
  function ticks(low, high, count = 5) {
    const raw = (high - low) / count || 1, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= raw * 0.999);
    const found = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(Number((k * step).toPrecision(12)));
    return found;
  }

  function logTicks(low, high) {
    const found = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
      for (const m of [1, 2, 5]) if (m * 10 ** power >= low && m * 10 ** power <= high) found.push(m * 10 ** power);
    }
    return found.length > 7 ? found.filter(tick => Math.log10(tick) % 1 === 0) : found;
  }

  /* The tip: one for the page, hidden from assistive technology, which reads the labels of the marks. */
  let box = null;
  function tip(lines, x, y) {
    box = box || document.body.appendChild(tag("div", { class: "tip", "aria-hidden": "true" }));
    box.replaceChildren(...lines.map(line => tag("div", {}, ...[line].flat())));
    box.hidden = false;
    const { width, height } = box.getBoundingClientRect();
    box.style.left = `${Math.max(4, Math.min(x + 12, innerWidth - width - 4))}px`;
    box.style.top = `${y + 16 + height > innerHeight ? Math.max(4, y - height - 12) : y + 16}px`;
  }
  const hideTip = () => { if (box) box.hidden = true; };
  addEventListener("keydown", event => { if (event.key === "Escape") hideTip(); });

  /** A mark that says what it is when the pointer or the keyboard is on it. */
  function telling(mark, lines) {
    const show = event => {
      const place = mark.getBoundingClientRect();
      const at = event.clientX === undefined ? [place.left + place.width / 2, place.bottom] : [event.clientX, event.clientY];
      tip(lines, ...at);
    };
    mark.setAttribute("tabindex", "0");
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", lines.flat().map(part => part.textContent || part).join("; "));
    for (const kind of ["pointerenter", "pointermove", "focus"]) mark.addEventListener(kind, show);
    for (const kind of ["pointerleave", "blur"]) mark.addEventListener(kind, hideTip);
    return mark;
  }

  /** One place after the other in a drawing, by pointer or arrow keys, as a slider whose value is a text. */
  function scrubbed(drawing, { label, count, x, top, bottom, lines }) {
    let now = count - 1;
    const line = svg("line", { class: "cursor", y1: top, y2: bottom, visibility: "hidden" });
    const handle = svg("rect", {
      class: "scrub", x: Math.min(x(0), x(count - 1)) - 6, y: top, width: Math.abs(x(count - 1) - x(0)) + 12,
      height: bottom - top, tabindex: "0", role: "slider", "aria-label": label, "aria-valuemin": 1, "aria-valuemax": count,
    });
    const say = () => {
      handle.setAttribute("aria-valuenow", now + 1);
      handle.setAttribute("aria-valuetext", lines(now).flat().map(part => part.textContent || part).join("; "));
    };
    const show = () => {
      say();
      line.setAttribute("x1", x(now));
      line.setAttribute("x2", x(now));
      line.setAttribute("visibility", "visible");
      const place = drawing.getBoundingClientRect(), scale = place.width / drawing.viewBox.baseVal.width;
      tip(lines(now), place.left + x(now) * scale, Math.max(place.top, 0) + top * scale);
    };
    const hide = () => { line.setAttribute("visibility", "hidden"); hideTip(); };
    handle.addEventListener("pointermove", event => {
      const place = drawing.getBoundingClientRect();
      const at = (event.clientX - place.left) / place.width * drawing.viewBox.baseVal.width;
      let best = 0;
      for (let k = 1; k < count; k++) if (Math.abs(x(k) - at) < Math.abs(x(best) - at)) best = k;
      now = best;
      show();
    });
    handle.addEventListener("pointerleave", hide);
    handle.addEventListener("focus", show);
    handle.addEventListener("blur", hide);
    handle.addEventListener("keydown", event => {
      const moves = { ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1, Home: 0, End: count - 1,
        PageDown: now - 10, PageUp: now + 10 };
      if (!(event.key in moves)) return;
      event.preventDefault();
      now = Math.max(0, Math.min(count - 1, moves[event.key]));
      show();
    });
    say();
    drawing.append(line, handle);
    return drawing;
  }

  /* Marks of the families, as in the figures on paper: o s ^ D v P X < >. */
  const MARKERS = ["M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0", "M-4.5 -4.5h9v9h-9z", "M0 -5.5L5.5 4.5H-5.5z", "M0 -6L6 0L0 6L-6 0z",
    "M0 5.5L5.5 -4.5H-5.5z", "M-2 -5.5h4v3.5h3.5v4h-3.5v3.5h-4v-3.5h-3.5v-4h3.5z",
    "M-5 -2.5L-2.5 -5L0 -2.5L2.5 -5L5 -2.5L2.5 0L5 2.5L2.5 5L0 2.5L-2.5 5L-5 2.5L-2.5 0z", "M-5.5 0L4.5 -5.5V5.5z", "M5.5 0L-4.5 -5.5V5.5z"];
  const DASHES = ["", "7 4", "7 3 2 3"];
  const mark = (look, x, y) => svg("path", {
    class: `k${look.colour} mark`, d: MARKERS[(look.colour + look.variant) % MARKERS.length], transform: `translate(${x} ${y})`,
  });
  const key = look => svg("svg", { class: "key", viewBox: "-7 -7 14 14", width: 14, height: 14, "aria-hidden": "true" }, mark(look, 0, 0));

  /**
   * A chart of lines. series: {name, look, x, y, low, high}; options: label, width, height, xLabel, yLabel, range,
   * percent, levels ([value, word] drawn as dotted lines).
   */
  function lineChart(series, options) {
    const { width, height, percent } = options, left = 52, right = 14, top = 12, bottom = 40;
    const xs = [...new Set(series.flatMap(each => each.x))].sort((a, b) => a - b);
    const values = series.flatMap(each => [...each.low, ...each.high, ...each.y]).concat(options.levels.map(level => level[0]));
    const [low, high] = options.range || [Math.min(...values), Math.max(...values)];
    const [first, last] = [xs[0], xs[xs.length - 1]], room = (high - low || 1) * 0.04;
    const x = value => left + (last === first ? 0.5 : (value - first) / (last - first)) * (width - left - right);
    const y = value => height - bottom - (value - low + room) / (high - low + 2 * room || 1) * (height - top - bottom);
    const path = points => points.map(([a, b], k) => `${k ? "L" : "M"}${a.toFixed(1)} ${b.toFixed(1)}`).join("");
    const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "group", "aria-label": options.label });
    for (const tick of ticks(low, high)) {
      drawing.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: y(tick), y2: y(tick) }),
        svg("text", { class: "tick", x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, percent ? number(100 * tick) : number(tick)));
    }
    for (const tick of ticks(first, last, width < 480 ? 4 : 7)) {
      drawing.append(svg("text", { class: "tick", x: x(tick), y: height - bottom + 16, "text-anchor": "middle" }, number(tick)));
    }
    drawing.append(svg("text", { class: "axis", x: (left + width) / 2, y: height - 4, "text-anchor": "middle" }, options.xLabel),
      svg("text", { class: "axis", transform: `translate(12 ${(height - bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, options.yLabel));
    for (const [value, word] of options.levels) {
      drawing.append(svg("line", { class: "level", x1: left, x2: width - right, y1: y(value), y2: y(value) }),
        svg("text", { class: "tick", x: width - right, y: y(value) - 4, "text-anchor": "end" }, word));
    }
    for (const each of series) {
      const upper = each.x.map((value, k) => [x(value), y(each.high[k])]), lower = each.x.map((value, k) => [x(value), y(each.low[k])]);
      drawing.append(svg("path", { class: `k${each.look.colour} band`, d: `${path(upper)}${path(lower.reverse()).replace("M", "L")}z` }));
    }
    for (const each of series) {
      const points = each.x.map((value, k) => [x(value), y(each.y[k])]), end = points[points.length - 1];
      drawing.append(svg("path", { class: `k${each.look.colour} line`, "stroke-dasharray": DASHES[each.look.variant % 3], d: path(points) }));
      for (const [a, b] of options.points ? points : [end]) drawing.append(mark(each.look, a, b));
    }
    const lines = place => [`${options.xLabel} ${number(xs[place])}`, ...series.map(each => {
      const k = each.x.findLastIndex(value => value <= xs[place]);
      const found = k < 0 ? "–" : `${number(each.y[k], percent)} [${number(each.low[k], percent)}, ${number(each.high[k], percent)}]`;
      return [key(each.look), ` ${each.name}: ${found}`];
    })];
    return scrubbed(drawing, { label: options.label, count: xs.length, x: k => x(xs[k]), top, bottom: height - bottom, lines });
  }

  const select = (label, id, options, value, change) => tag("label", { class: "field" }, tag("span", {}, label), tag(
    "select", { id, onchange: event => change(event.target.value) },
    ...options.map(([key, word]) => tag("option", { value: key, selected: key === value }, word))));

  const slider = (label, id, low, high, value, change, step = 1) => {
    const shown = tag("output", { for: id }, String(value));
    return tag("label", { class: "field" }, tag("span", {}, label, " ", shown), tag("input", {
      id, type: "range", min: low, max: high, step, value,
      oninput: event => { shown.textContent = event.target.value; change(Number(event.target.value)); },
    }));
  };

  /** Draws again whenever the width of a part changes. */
  function fitted(part, draw) {
    let before = 0;
    new ResizeObserver(() => {
      const width = Math.round(part.clientWidth);
      if (width && Math.abs(width - before) > 4) { before = width; draw(); }
    }).observe(part);
  }

  return { fitted, hideTip, key, lineChart, logTicks, mark, number, scrubbed, select, slider, state, svg, tag, telling, ticks };
})();
