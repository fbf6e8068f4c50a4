"use strict";
/* The comparison as figures: scores or costs of the models on a task, against a reference, and their curves. */
function comparison(root, tasks) {
  const { key, lineChart, logTicks, mark, number, select, state, svg, tag, telling, ticks } = page;
  const METRICS = [["score", "score"], ["ms_per_step", "milliseconds a step"], ["weights", "weights"], ["peak_memory_mb", "memory (MB)"],
    ["samples_to_threshold", "samples to the threshold"], ["steps", "training steps"], ["influence", "influence before training"]];
  const controls = tag("div", { class: "controls" }), chosen = tag("fieldset", { class: "models" });
  const words = tag("p", { class: "soft", role: "status" });
  const scores = tag("figure"), learning = tag("figure"), sizes = tag("figure");
  root.append(controls, chosen, words, scores, learning, sizes);

  const pick = (name, allowed, otherwise) => {
    const value = state.get(name, otherwise);
    return allowed.includes(value) ? value : otherwise;
  };

  function now() {
    const place = Number(pick("task", tasks.map((_, k) => String(k)), "0")), task = tasks[place];
    const names = task.results.map(result => result.model);
    const metric = pick("metric", METRICS.map(each => each[0]), "score");
    const reference = pick("reference", names, task.reference);
    const sort = pick("sort", ["value", "name", "order"], "value");
    const hidden = new Set(state.get("hide", "").split("\n").filter(name => names.includes(name)));
    return { place, task, metric, reference, sort, hidden };
  }

  const change = name => value => { state.set(name, value); draw(); };

  function drawControls({ place, task, metric, reference, sort, hidden }) {
    const focused = document.activeElement && document.activeElement.id;
    controls.replaceChildren(
      select("Task", "task", tasks.map((each, k) => [String(k), each.title]), String(place), change("task")),
      select("Show", "metric", METRICS.filter(([name]) => name === "score" || task.results.some(result => valueOf(result, name) !== null)), metric, change("metric")),
      select("Compare with", "reference", task.results.map(result => [result.model, result.model]), reference, change("reference")),
      select("Sort by", "sort", [["value", "value"], ["name", "name"], ["order", "order of the table"]], sort, change("sort")));
    chosen.replaceChildren(tag("legend", {}, "Models shown"), ...task.results.map((result, k) => tag("label", {}, tag("input", {
      type: "checkbox", id: `show-${k}`, checked: !hidden.has(result.model),
      onchange: event => {
        event.target.checked ? hidden.delete(result.model) : hidden.add(result.model);
        change("hide")([...hidden].join("\n"));
      },
    }), key(result.look), ` ${result.model}`)));
    if (focused && document.getElementById(focused)) document.getElementById(focused).focus();
  }

  const valueOf = (result, metric) => {
    const value = metric === "score" ? result.mean : result.values[metric];
    return typeof value === "number" && Number.isFinite(value) ? value : null;
  };

  /** The verdict of a model against another, and a sign for it. */
  function verdict(task, model, reference) {
    if (model === reference) return ["", "the reference"];
    const pair = task.pairs.find(each => (each.a === model && each.b === reference) || (each.b === model && each.a === reference));
    if (!pair) return ["", "not compared"];
    const p = `p = ${number(pair.p)}, ${pair.seeds} seed${pair.seeds === 1 ? "" : "s"}`;
    if (pair.better === model) return ["▲", `better than ${reference} (${p})`];
    if (pair.better === reference) return ["▼", `worse than ${reference} (${p})`];
    return pair.equal ? ["=", `equal to ${reference} within the margin (${p})`] : ["?", `undecided against ${reference} (${p})`];
  }

  function sorted({ task, metric, sort, hidden }) {
    const shown = task.results.filter(result => !hidden.has(result.model));
    if (sort === "name") shown.sort((a, b) => a.model.localeCompare(b.model));
    if (sort === "value") {
      const up = metric !== "score" || !task.higher, last = up ? Infinity : -Infinity;
      const value = result => { const found = valueOf(result, metric); return found === null ? last : found; };
      shown.sort((a, b) => (up ? value(a) - value(b) : value(b) - value(a)) || 0);
    }
    return shown;
  }

  function drawScores(view) {
    const { task, metric, reference } = view, rows = sorted(view), score = metric === "score", percent = score && task.percent;
    const width = Math.max(280, Math.min(scores.clientWidth || 800, 960)), narrow = width < 680;
    const left = narrow ? 10 : 268, right = narrow ? 10 : 190, step = narrow ? 58 : 34, top = score ? 22 : 10, bottom = top + step * rows.length;
    const found = rows.flatMap(result => (score ? [result.low, result.high, result.mean, ...result.scores] : [valueOf(result, metric)]))
      .filter(value => typeof value === "number" && Number.isFinite(value));
    scores.replaceChildren();
    if (!found.length) { scores.append(tag("p", {}, "No shown model has a value of this kind on this task.")); return; }
    const log = !score && Math.min(...found) > 0;
    const ends = percent ? [0, 1] : score ? [Math.min(...found, task.chance, task.solved), Math.max(...found, task.chance, task.solved)]
      : log ? [Math.min(...found) / 1.3, Math.max(...found) * 1.3] : [0, Math.max(...found) || 1];
    const f = log ? Math.log : v => v, span = f(ends[1]) - f(ends[0]) || 1;
    const x = value => left + 8 + (f(value) - f(ends[0])) / span * (width - left - right - 16);
    const label = METRICS.find(each => each[0] === metric)[1];
    const drawing = svg("svg", { viewBox: `0 0 ${width} ${bottom + 44}`, class: "chart", role: "group",
      "aria-label": `${label} on ${task.title}, a row for each model` });
    for (const tick of log ? logTicks(...ends) : ticks(...ends, narrow ? 4 : 6)) {
      drawing.append(svg("line", { class: "grid", x1: x(tick), x2: x(tick), y1: top, y2: bottom }),
        svg("text", { class: "tick", x: x(tick), y: bottom + 16, "text-anchor": "middle" }, percent ? number(100 * tick) : number(tick)));
    }
    const unit = score ? `${task.metric} on fresh data${percent ? " (%)" : ""}` : label;
    drawing.append(svg("text", { class: "axis", x: x(log ? Math.sqrt(ends[0] * ends[1]) : (ends[0] + ends[1]) / 2), y: bottom + 36, "text-anchor": "middle" }, unit));
    if (score) for (const [value, word] of [[task.chance, "chance"], [task.solved, "threshold"]]) {
      drawing.append(svg("line", { class: "level", x1: x(value), x2: x(value), y1: top - 4, y2: bottom }),
        svg("text", { class: "tick", x: x(value), y: 12, "text-anchor": x(value) > width - 60 ? "end" : "middle" }, word));
    }
    rows.forEach((result, k) => drawing.append(row(result, view, { x, percent, left, right, width, narrow, step, y: top + step * k })));
    scores.append(drawing, tag("figcaption", {}, score
      ? "Mark: mean over the seeds. Line: 95 % interval of the mean. Dots: seeds. ▲ better, ▼ worse, = equal within the margin, ? undecided, against the model chosen above."
      : `${label}: median over the seeds.${log ? " Logarithmic axis." : ""}`));
  }

  function row(result, { task, metric, reference }, { x, percent, left, right, width, narrow, step, y }) {
    const middle = y + (narrow ? step - 16 : step / 2), value = valueOf(result, metric), [sign, said] = verdict(task, result.model, reference);
    const short = text => { const most = narrow ? Math.floor(width / 7.6) : 38; return text.length > most ? `${text.slice(0, most - 1)}…` : text; };
    const name = narrow
      ? svg("text", { class: "name halo", x: left, y: y + 16 }, short(`${sign} ${result.model}: ${result.diagnosis}`.trim()))
      : svg("text", { class: "name", x: left - 8, y: middle + 4, "text-anchor": "end" }, short(result.model));
    const parts = [svg("rect", { class: "row", x: 0, y, width, height: step }), name];
    if (!narrow) parts.push(svg("text", { class: "word", x: width - right + 4, y: middle + 4 }, `${sign} ${result.diagnosis}`.trim()));
    if (metric === "score" && value !== null) {
      for (const score of result.scores) parts.push(svg("circle", { class: `k${result.look.colour} dot`, cx: x(score), cy: middle + 6, r: 2 }));
      parts.push(svg("line", { class: `k${result.look.colour} line`, x1: x(result.low), x2: x(result.high), y1: middle, y2: middle }));
    }
    if (value !== null) parts.push(mark(result.look, x(value), middle));
    else parts.push(svg("text", { class: "tick", x: left + 10, y: middle + 4 }, metric === "samples_to_threshold" ? "never reached" : "no value"));
    const shown = metric === "score" ? result.text : number(value);
    const sees = result.required === null ? "" : `answer ${number(result.required)} hops away, reach ${result.reach === null ? "without limit" : number(result.reach)}`;
    return telling(svg("g", { class: "result" }, ...parts),
      [[key(result.look), ` ${result.model}`], `${metric === "score" ? task.metric : METRICS.find(each => each[0] === metric)[1]}: ${shown}`,
        `solved: ${result.solved}`, said, `${result.diagnosis}${sees ? `: ${sees}` : ""}`]);
  }

  function drawLines({ task, hidden }) {
    const width = Math.max(280, Math.min(root.clientWidth || 800, 960)), height = width < 520 ? 260 : 320;
    const range = task.percent ? [0, 1] : null, levels = [[task.chance, "chance"]];
    const shown = task.results.filter(result => !hidden.has(result.model));
    const curves = shown.filter(result => result.curve).map(({ model, look, curve }) => ({ name: model, look, ...curve }));
    const captioned = (part, title, chart, caption) => part.replaceChildren(tag("h3", {}, title), chart, tag("figcaption", {}, caption));
    learning.replaceChildren();
    if (curves.length) captioned(learning, "Learning curves", lineChart(curves, { label: `Learning curves on ${task.title}`, width, height,
      xLabel: "training step", yLabel: `${task.metric}${task.percent ? " (%)" : ""}`, range, levels, percent: task.percent }),
    "Training batches, smoothed over 20: mean over the seeds, and from the smallest to the largest (band). Arrow keys move from step to step.");
    else learning.append(tag("p", { class: "soft" }, "These records hold no learning curves."));
    const same = tasks.filter(each => each.name === task.name);
    sizes.replaceChildren();
    if (same.length < 2) return;
    const lines = shown.map(({ model, look }) => {
      const own = same.map(each => [each.size, each.results.find(result => result.model === model)]).filter(([, result]) => result && result.mean !== null);
      return { name: model, look, x: own.map(([size]) => size), y: own.map(([, result]) => result.mean), low: own.map(([, result]) => result.low), high: own.map(([, result]) => result.high) };
    }).filter(line => line.x.length);
    if (lines.length) captioned(sizes, `Score against size: ${task.name}`, lineChart(lines, { label: `Score against size of ${task.name}`, width, height,
      xLabel: "size", yLabel: `${task.metric}${task.percent ? " (%)" : ""}`, range, levels, percent: task.percent, points: true }),
    "Mean over the seeds and 95 % interval (band). Arrow keys move from size to size.");
  }

  function draw() {
    const view = now();
    drawControls(view);
    words.textContent = view.task.ranking;
    drawScores(view);
    drawLines(view);
  }

  state.listen(draw);
  page.fitted(root, draw);
  draw();
}
