"use strict";
/* Two models side by side: type an input, and see the graph, the answer, what is seen, and how strongly. */
function explorer(root, models) {
  const { key, number, scrubbed, select, slider, state, svg, tag } = page;
  const DRAWN = 100;  // symbols that are drawn well
  const HEAVY = 5e7;  // letters of weights, times nodes, times outputs: above, influence follows when typing stops
  const ready = models.map(() => null);  // unpacked when first shown
  const choices = models.map((model, k) => [String(k), model.task ? `${model.title} (${model.task})` : model.title]);
  const input = tag("textarea", { id: "text", rows: 2, spellcheck: "false", autocapitalize: "off", autocomplete: "off", oninput: () => typed() });
  const picks = tag("div", { class: "controls" }), tools = tag("div", { class: "controls" }), examples = tag("div", { class: "examples" });
  const said = tag("p", { role: "status", class: "said" }), time = tag("p", { class: "soft", id: "time" });
  const panels = [0, 1].map(k => ({ section: tag("section", { class: "model", "aria-label": `Model ${"AB"[k]}` }) }));
  root.append(picks, tag("label", { class: "field wide" }, tag("span", {}, "Input"), input), examples, tools, said,
    tag("div", { class: "pair" }, panels.map(panel => panel.section)), time);
  let edges = [];

  const index = k => {
    const value = Number(state.get("ab"[k], String(Math.min(k, models.length - 1))));
    return Number.isInteger(value) && value >= -1 && value < models.length ? value : 0;
  };
  const shown = () => [0, 1].map(index).filter((k, place) => k >= 0 && (place === 0 || models.length > 1));

  function model(k) {
    if (!ready[k]) ready[k] = gnnseq.unpack(models[k]);
    return ready[k];
  }

  /** The model with the weights of a step of its training, where some were kept. */
  function atStep(k, place) {
    const kept = models[k].snapshots || [];
    const panel = panels[place], at = panel.step === undefined || panel.step >= kept.length ? kept.length : panel.step;
    if (at >= kept.length) return model(k);
    if (!panel.cache || panel.cache.k !== k) panel.cache = { k, at: new Map() };
    if (!panel.cache.at.has(at)) panel.cache.at.set(at, gnnseq.unpack(models[k], kept[at].weights));
    return panel.cache.at.get(at);
  }

  const text = () => state.get("text", (models[index(0)].examples[0] || { text: models[index(0)].symbols.slice(0, 8).join(separator(models[index(0)])) }).text);
  const separator = model => (model.symbols.some(symbol => symbol.length > 1) ? " " : "");

  /** Whether a model says at each symbol which one follows. */
  const writes = model => model.level === "node" && model.classes.join("\n") === model.symbols.join("\n");

  function typed() {
    state.set("text", input.value);
    drawTools();
    drawPanels();
  }

  function write(value) {
    input.value = value;
    typed();
  }

  function drawPicks() {
    const change = letter => value => { state.set(letter, value); panels.forEach(panel => { panel.step = panel.layers = undefined; }); edges = []; draw(); };
    picks.replaceChildren(select("Model A", "model-a", choices, String(index(0)), change("a")));
    if (models.length > 1) picks.append(select("Model B", "model-b", [...choices, ["-1", "none"]], String(index(1)), change("b")));
    const own = models[index(0)].examples;
    examples.replaceChildren(...own.length ? [tag("span", {}, "Examples: ")] : [], ...own.map(example => tag("button", {
      type: "button", onclick: () => write(example.text),
    }, `${example.text.length > 32 ? `${example.text.slice(0, 31)}…` : example.text} → ${visible(example.answer)}`)));
  }

  function drawTools() {
    const first = model(index(0)), tokens = gnnseq.tokenize(input.value, first.symbols), linear = !["tree", "graph"].includes(first.view);
    const focused = document.activeElement && document.activeElement.id;
    if (["length", "from", "to", "scale", "temperature"].includes(focused)) return;
    tools.replaceChildren(select("Influence", "scale", [["linear", "linear"], ["log", "logarithmic"]], state.get("scale", "linear"),
      value => { state.set("scale", value); drawPanels(); }));
    if (linear) tools.append(slider("Length:", "length", 1, Math.max(60, tokens.length), tokens.length || 1, length => resize(first, length)));
    if (writes(first)) tools.append(
      slider("Temperature:", "temperature", 0.1, 2, Number(state.get("temperature", "1")), value => { state.set("temperature", value); drawPanels(); }, 0.1),
      tag("button", { type: "button", onclick: () => writeOn(first) }, "Write one symbol on"));
    if (["path", "path both ways", "dilated", "tree", "graph"].includes(first.view)) {
      const place = (label, id) => tag("label", { class: "field short" }, tag("span", {}, label), tag("input", { id, type: "number", min: 1, value: id === "from" ? 1 : tokens.length || 1 }));
      tools.append(place("Edge from node", "from"), place("to node", "to"),
        tag("button", { type: "button", onclick: addEdge }, "Add edge"),
        tag("button", { type: "button", onclick: () => { edges = []; drawPanels(); } }, "Remove added edges"));
    }
  }

  function addEdge() {
    const [from, to] = ["from", "to"].map(id => Number(document.getElementById(id).value) - 1);
    if (Number.isInteger(from) && Number.isInteger(to) && from >= 0 && to >= 0 && from !== to) edges.push([from, to]);
    drawPanels();
  }

  /** The input cut at its beginning, or with symbols before it that are the same at every call. */
  function resize(model, length) {
    const tokens = gnnseq.tokenize(input.value, model.symbols).map(token => token.text), plain = model.symbols.filter(symbol => !/[[\]()]/.test(symbol));
    while (tokens.length < length) tokens.unshift(plain[(7 * tokens.length + 3) % plain.length]);
    input.value = tokens.slice(tokens.length - length).join(separator(model));
    state.set("text", input.value);
    drawPanels();
  }

  function writeOn(model) {
    try {
      const { logits } = gnnseq.run(model, input.value, { influence: false });
      let left = Math.random();
      const shares = gnnseq.softmax(logits, Number(state.get("temperature", "1")));
      const place = shares.findIndex(share => (left -= share) < 0);
      write(input.value + separator(model) + model.classes[place < 0 ? shares.length - 1 : place]);
    } catch (error) { say(error); }
  }

  const say = error => { said.textContent = error instanceof gnnseq.InputError ? `Input: ${error.message}.` : `This model cannot be computed: ${error.message}`; };

  function drawPanels() {
    const start = performance.now(), which = shown();
    said.textContent = "";
    panels.forEach((panel, place) => {
      const k = place === 0 ? index(0) : index(1), { section } = panel;
      section.hidden = place === 1 && (k < 0 || models.length < 2);
      if (section.hidden) return;
      try {
        const chosen = atStep(k, place), layers = gnnseq.layersOf(chosen);
        const result = gnnseq.run(chosen, input.value, { edges, layers: Math.min(panel.layers || layers, layers), influence: false });
        clearTimeout(panel.waiting);
        const measure = () => Object.assign(result, result.measure());
        const heavy = models[k].weights.length * result.graph.size * models[k].classes.length > HEAVY;
        if (!heavy) measure();
        else panel.waiting = setTimeout(() => { measure(); drawPanel(panel, place, k, result, layers); }, 250);
        drawPanel(panel, place, k, result, layers);
      } catch (error) {
        say(error);
        section.replaceChildren(tag("h3", {}, models[k].title), tag("p", {}, error instanceof gnnseq.InputError ? "No answer for this input." : "No answer."));
        panel.parts = null;
      }
    });
    time.textContent = `${which.length === 2 ? "Both models" : "The model"} computed and drawn in ${(performance.now() - start).toFixed(0)} ms.`;
    time.dataset.ms = performance.now() - start;
  }

  /** Sliders stay while one is dragged; the rest is drawn anew. */
  function drawPanel(panel, place, k, result, layers) {
    const described = models[k], kept = described.snapshots || [];
    if (!panel.parts || panel.parts.k !== k) {
      const sliders = tag("div", { class: "controls" }), body = tag("div", {});
      if (layers > 1) sliders.append(slider(`Layers used, of ${layers}:`, `layers-${place}`, 1, layers, panel.layers || layers, value => { panel.layers = value; drawPanels(); }));
      if (kept.length) {
        const steps = [...kept.map(each => each.step), described.step], now = tag("span", { class: "soft" }, ` after ${steps[steps.length - 1]} steps`);
        sliders.append(slider("Training, look:", `step-${place}`, 1, kept.length + 1, kept.length + 1,
          value => { panel.step = value - 1; now.textContent = ` after ${steps[value - 1]} steps`; drawPanels(); }), now);
      }
      panel.section.replaceChildren(tag("h3", {}, key(described.look), ` ${described.title}`),
        tag("p", { class: "soft" }, [described.task, GRAPH_WORDS[described.view] || described.view, described.note].filter(Boolean).join("; ")), sliders, body);
      panel.parts = { k, body };
    }
    const width = Math.max(260, Math.min((panel.section.clientWidth || 560) - 26, 900));
    panel.parts.body.replaceChildren(answer(described, result), sight(described, result, layers, k), ...drawings(described, result, width, "AB"[place]));
  }

  const GRAPH_WORDS = {
    path: "reads a path, from each symbol to the next", "path both ways": "reads a path in both directions",
    dilated: "reads a path with hops of 1, 2, 4, ...", "balanced tree": "reads a balanced binary tree over the symbols",
    tree: "reads the tree of the brackets, from child to parent", graph: "reads the tree of the brackets in both directions",
    symbols: "reads a signal on the graph of symbols, one step for each symbol of the input",
  };

  /** The likeliest answers, with bars. */
  function answer(model, result) {
    if (!result.probabilities) return tag("p", { class: "answer" }, `Output: ${result.logits.map(v => number(v)).join(", ")}`);
    const shares = writes(model) ? gnnseq.softmax(result.logits, Number(state.get("temperature", "1"))) : result.probabilities;
    const order = shares.map((share, k) => [share, model.classes[k]]).sort((a, b) => b[0] - a[0]);
    const example = model.examples.find(each => each.text === input.value);
    const list = order.slice(0, 5).map(([share, name]) => tag("li", {}, tag("span", { class: "class" }, visible(name)),
      svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { class: `k${model.look.colour} bar`, width: 100 * share, height: 10 })),
      tag("span", { class: "share" }, number(share, true))));
    const right = !example ? "" : example.answer === order[0][1] ? " This is right." : ` This is wrong: it is ${visible(example.answer)}.`;
    return tag("div", { class: "answer" }, tag("p", {}, tag("strong", {}, `${writes(model) ? "Next" : "Answer"}: ${visible(order[0][1])}`), ` (${number(order[0][0], true)}).${right}`), tag("ol", {}, list));
  }

  const visible = symbol => ({ " ": "␣", "\n": "↵", "\t": "⇥" }[symbol] || symbol);

  /** What the model can see of the input and does see, in words. */
  function sight(model, result, layers, k) {
    const { seen, influence, hops, tokens } = result, reads = tokens.map((_, place) => influence[place] !== null);
    const blind = tokens.map((_, place) => place).filter(place => reads[place] && !seen[place]);
    const total = sumOf(influence), parts = [];
    const depth = model.encoder.kind === "convs" || model.encoder.rounds || model.encoder.attend === "edges" ? result.layers : null;
    if (blind.length) {
      const spans = (model.encoder.convs || []).slice(0, result.layers).map(conv => conv.hop).filter(Boolean);
      const far = depth === null ? "no edges lead from there to the output"
        : spans.length ? `${depth} layer${depth === 1 ? "" : "s"} with hops of ${spans.join(", ")} reach ${spans.reduce((a, b) => a + b)} symbols back`
        : `${depth} layer${depth === 1 ? "" : "s"} reach ${depth} hop${depth === 1 ? "" : "s"}, and they are up to ${Math.max(...blind.map(place => hops[place]))} hops from the output`;
      parts.push(tag("strong", {}, `Cannot see ${blind.length} of ${reads.filter(Boolean).length} symbols (${ranges(blind)})`), `: ${far}. Their influence is exactly 0, before and after training. `);
    } else parts.push(tag("strong", {}, `Can see all ${reads.filter(Boolean).length} symbols. `));
    const at = model.answer_at;
    if (at !== null && at !== undefined && at < tokens.length && reads[at]) {
      const share = total ? influence[at] / total : 0, even = 1 / reads.filter(Boolean).length;
      if (total || !seen[at]) parts.push(seen[at] ? `The answer stands at symbol ${at + 1}, which has ${share >= 0.0005 ? number(share, true) : `${number(100 * share)} %`} of the influence${share < even / 10 ? ": it can be seen, but hardly is" : ""}. `
        : `The answer stands at symbol ${at + 1}, so this model can only guess. `);
    }
    const unknown = tokens.map((token, place) => [token, place]).filter(([token]) => token.id === null && !token.bracket);
    if (unknown.length) parts.push(`Not in the alphabet (${model.symbols.length > 24 ? `${model.symbols.length} symbols` : model.symbols.map(visible).join(" ")}), marked, and read as an empty symbol: ${unknown.slice(0, 6).map(([token, place]) => `${token.text} at ${place + 1}`).join(", ")}${unknown.length > 6 ? " and more" : ""}. `);
    if (influence.includes(undefined)) parts.push("How strongly each symbol is seen follows when typing stops. ");
    if (result.layers < layers) parts.push(`Only the first ${result.layers} of ${layers} trained layers are used, which the head was not trained for. `);
    if (model.length && tokens.length > model.length) parts.push(`Trained on at most ${model.length} symbols. `);
    return tag("p", {}, parts);
  }

  /** Places as people count them: 1 to 4, 7. */
  function ranges(places) {
    const found = [];
    for (const place of places) {
      const last = found[found.length - 1];
      if (last && last[1] === place - 1) last[1] = place; else found.push([place, place]);
    }
    return found.map(([from, to]) => (from === to ? `${from + 1}` : `${from + 1} to ${to + 1}`)).join(", ");
  }

  function drawings(model, result, width, letter) {
    if (result.tokens.length > DRAWN) {
      return [tag("p", { class: "soft" }, `${result.tokens.length} symbols are more than are drawn well (${DRAWN}); the answer and the influence are those of the whole input.`),
        framed(influenceOnly(model, result, width, letter))];
    }
    const gated = Object.keys(Object.assign({}, ...result.trace[result.trace.length - 1].gates));
    const what = gated.includes("attention") ? "attention of the last node, " : gated.length ? "gates from 0 (light) to 1, " : "";
    const words = `${result.graph.signal ? "Step by step, mean over the nodes" : "Node by node"}: ${what}and states, blue above 0 and orange below.`.replace(": and", ":");
    return [framed(drawInput(model, result, width, letter)), tag("p", { class: "soft" }, words), framed(drawNodes(model, result, width, letter))];
  }

  const framed = drawing => tag("div", { class: "drawing" }, drawing);

  /** An influence as a height: its share of the largest, or that on a logarithmic scale from a millionth to all of it. */
  function height(value, most) {
    if (!(value > 0 && most > 0)) return 0;
    const share = Math.min(1, value / most);
    return state.get("scale") === "log" ? Math.max(0.04, 1 + Math.log10(share) / 6) : share;
  }

  const largest = values => Math.max(0, ...values.map(value => value || 0));
  const sumOf = values => values.reduce((sum, value) => sum + (value || 0), 0);

  function influenceOnly(model, result, width, letter) {
    const { tokens, influence } = result, total = sumOf(influence), most = largest(influence);
    const step = width / tokens.length, drawing = svg("svg", { viewBox: `0 0 ${width} 70`, class: "chart", role: "group", "aria-label": `Influence of ${tokens.length} symbols on model ${letter}` });
    influence.forEach((value, place) => drawing.append(svg("rect", { class: `k${model.look.colour} bar`, x: place * step, width: Math.max(0.5, step), y: 60 - 55 * height(value, most), height: 55 * height(value, most) })));
    return scrubbed(drawing, { label: `Symbols of model ${letter}`, count: tokens.length, x: place => (place + 0.5) * step, top: 0, bottom: 62, lines: place => tokenLines(result, place, total) });
  }

  function tokenLines(result, place, total) {
    const { tokens, influence, seen, hops } = result, token = tokens[place], lines = [`symbol ${place + 1}: ${visible(token.text)}${token.id === null ? " (not in the alphabet)" : ""}`];
    if (influence[place] === null) lines.push("no node of its own");
    else if (!seen[place]) lines.push("cannot be seen: influence exactly 0");
    else lines.push(`influence ${number(influence[place])}, ${number(100 * influence[place] / (total || 1))} % of all`);
    if (hops[place] !== null && hops[place] >= 0) lines.push(`${hops[place]} hop${hops[place] === 1 ? "" : "s"} to the output`);
    return lines;
  }

  /** The graph over the symbols, and the influence of each symbol below it. */
  function drawInput(model, result, width, letter) {
    const { tokens, graph, influence, seen } = result, total = sumOf(influence), most = largest(influence);
    const gutter = 74, step = Math.max(13, Math.min(34, (width - gutter - 8) / tokens.length)), whole = Math.max(width, gutter + step * tokens.length + 8);
    const column = place => gutter + (place + 0.5) * step, radius = Math.min(11, step / 2 - 1);
    const spots = graph.signal ? null : positions(graph, tokens.length, column);
    const top = graph.signal ? 8 + 13 * graph.size : spots.height + radius + 6, bottom = top + 74;
    const drawing = svg("svg", { viewBox: `0 0 ${whole} ${bottom}`, width: whole, height: bottom, role: "group", "aria-label": `Graph and influence, model ${letter}` });
    if (graph.signal) drawSignal(drawing, model, result, column, step);
    else drawGraph(drawing, model, result, spots, radius, most);
    drawing.append(svg("text", { class: "tick", x: 2, y: top + 34 }, "influence"), svg("line", { class: "grid", x1: gutter, x2: whole - 8, y1: top + 52, y2: top + 52 }));
    tokens.forEach((token, place) => {
      const size = 44 * height(influence[place] || 0, most);
      drawing.append(svg("rect", { class: `k${model.look.colour} bar`, x: column(place) - step / 2 + 1, width: step - 2, y: top + 52 - size, height: size }));
      if (influence[place] !== null && !seen[place]) drawing.append(svg("text", { class: "tick", x: column(place), y: top + 49, "text-anchor": "middle" }, "0"));
      drawing.append(svg("text", { class: token.id === null && !token.bracket ? "symbol unknown" : "symbol", x: column(place), y: top + 67, "text-anchor": "middle" }, short(token.text, step)));
    });
    return scrubbed(drawing, { label: `Symbols of model ${letter}`, count: tokens.length, x: column, top: 2, bottom: bottom - 2, lines: place => tokenLines(result, place, total) });
  }

  const short = (text, step) => { const most = Math.max(1, Math.floor(step / 7)); return visible(text.length > most ? text.slice(0, most) : text); };

  /** Where nodes are drawn: a row of symbols, or a tree over it. */
  function positions(graph, count, column) {
    const children = Array.from({ length: graph.size }, () => []), up = new Set();
    const tree = graph.edges.some(edge => edge.slot !== undefined && !edge.added);
    if (!tree) {
      const longest = Math.max(1, ...graph.edges.map(edge => Math.abs(edge.to - edge.from))), arch = longest > 1 ? 16 * Math.log2(longest) + 8 : 0;
      return { x: graph.tokens.map(column), y: graph.tokens.map(() => 14 + arch), height: 14 + arch, arch: true };
    }
    for (const { from, to, added } of graph.edges) if (!added && from < to && !up.has(from)) { children[to].push(from); up.add(from); }
    const x = [], level = [];
    for (let node = 0; node < graph.size; node++) {  // children come first
      level[node] = children[node].length ? 1 + Math.max(...children[node].map(child => level[child])) : 0;
      x[node] = children[node].length ? children[node].reduce((sum, child) => sum + x[child], 0) / children[node].length : column(graph.tokens[node]);
    }
    const most = Math.max(...level), rise = Math.min(44, 260 / Math.max(1, most));
    return { x, y: level.map(each => 14 + (most - each) * rise), height: 14 + most * rise, arch: false };
  }

  function drawGraph(drawing, model, result, spots, radius, most) {
    const { graph, tokens, influence, seen, asked } = result, { x, y } = spots;
    for (const { from, to, added } of graph.edges) {
      const far = spots.arch && Math.abs(to - from) > 1, lift = far ? 16 * Math.log2(Math.abs(to - from)) + 8 : 0;
      const d = far ? `M${x[from]} ${y[from] - radius}Q${(x[from] + x[to]) / 2} ${y[from] - radius - lift} ${x[to]} ${y[to] - radius}` : `M${x[from]} ${y[from]}L${x[to]} ${y[to]}`;
      drawing.append(svg("path", { class: added ? "edge added" : "edge", d }));
    }
    for (let node = 0; node < graph.size; node++) {
      const place = graph.tokens[node], token = place < 0 ? null : tokens[place];
      const blind = token && influence[place] !== null && !seen[place], share = token ? height(influence[place] || 0, most) : 0;
      drawing.append(svg("circle", { class: "ground", cx: x[node], cy: y[node], r: radius }),
        svg("circle", { class: `k${model.look.colour} node${blind ? " blind" : ""}${token && token.id === null && !token.bracket ? " unknown" : ""}${node === asked ? " asked" : ""}`, cx: x[node], cy: y[node], r: radius, "fill-opacity": (0.5 * share).toFixed(2) }));
      if (token) drawing.append(svg("text", { class: `symbol halo${blind ? " blind" : ""}`, x: x[node], y: y[node] + 4, "text-anchor": "middle" }, short(token.text, 3.2 * radius)));
    }
    drawing.append(svg("text", { class: "tick", x: 2, y: Math.max(...y) + 4 }, "graph"));
  }

  /** Nodes are symbols, columns are steps; how dark a place is says how large the node's state is there. */
  function drawSignal(drawing, model, { graph, trace, tokens }, column, step) {
    const sizes = trace.map(each => each.states.map(state => Math.hypot(...state))), most = Math.max(1e-12, ...sizes.flat());
    for (let node = 0; node < graph.size; node++) {
      drawing.append(svg("text", { class: "tick", x: 66, y: 16 + 13 * node, "text-anchor": "end" }, visible(model.symbols[node])));
      sizes.forEach((row, time) => drawing.append(svg("rect", { class: `k${model.look.colour} cell`, x: column(time) - step / 2, y: 6 + 13 * node, width: step - 1, height: 12, "fill-opacity": (row[node] / most).toFixed(2) })));
    }
    tokens.forEach((token, time) => { if (token.id !== null) drawing.append(svg("rect", { class: "read", x: column(time) - step / 2, y: 6 + 13 * token.id, width: step - 1, height: 12 })); });
    drawing.append(svg("text", { class: "tick", x: 2, y: 16 }, "nodes"));
  }

  /** Gates and states of every node, or of every step, in the last layer that is used. */
  function drawNodes(model, result, width, letter) {
    const { graph, trace, tokens } = result, signal = graph.signal;
    const states = signal ? trace.map(each => mean(each.states)) : trace[trace.length - 1].states;
    const gates = signal ? trace.map(each => meanGates(each.gates)) : trace[trace.length - 1].gates;
    const names = ["input", "forget", "output", "reset", "update", "attention"].filter(name => gates.some(gate => gate[name])), count = states.length, H = states[0].length;
    const gutter = 74, step = Math.max(6, Math.min(34, (width - gutter - 8) / count)), whole = Math.max(width, gutter + step * count + 8);
    const column = node => gutter + (node + 0.5) * step, row = H > 24 ? Math.max(2, 120 / H) : 5, top = 6 + 16 * names.length, said = result.answers && !signal;
    const bottom = top + row * H + (said ? 40 : 24);
    const drawing = svg("svg", { viewBox: `0 0 ${whole} ${bottom}`, width: whole, height: bottom, role: "group", "aria-label": `Gates and states, model ${letter}` });
    names.forEach((name, line) => {
      drawing.append(svg("text", { class: "tick", x: 2, y: 13 + 16 * line }, name));
      gates.forEach((gate, node) => {
        if (gate[name]) drawing.append(svg("rect", { class: `k${model.look.colour} cell`, x: column(node) - step / 2, y: 2 + 16 * line, width: step - 1, height: 13, "fill-opacity": average(gate[name]).toFixed(2) }));
      });
    });
    const most = Math.max(1e-12, ...states.flatMap(state => Array.from(state, Math.abs)));
    drawing.append(svg("text", { class: "tick", x: 2, y: top + 12 }, "states"),
      svg("image", { x: gutter, y: top, width: step * count, height: row * H, preserveAspectRatio: "none", href: picture(states, most), class: "pixels" }));
    const label = node => { const place = signal ? node : graph.tokens[node]; return place < 0 ? "·" : short(tokens[place].text, step); };
    for (let node = 0; node < count; node++) {
      if (step >= 8) drawing.append(svg("text", { class: "symbol", x: column(node), y: top + row * H + 15, "text-anchor": "middle" }, label(node)));
      if (said) drawing.append(svg("text", { class: "symbol", x: column(node), y: bottom - 8, "text-anchor": "middle" }, short(model.classes[result.answers[node]], step)));
    }
    if (said) drawing.append(svg("text", { class: "tick", x: 2, y: bottom - 8 }, writes(model) ? "next" : "answer"));
    const lines = node => {
      const place = signal ? node : graph.tokens[node];
      return [`${signal ? "step" : "node"} ${node + 1}${place < 0 ? "" : `: ${visible(tokens[place].text)}`}`, ...names.filter(name => gates[node][name]).map(name => `${name}${name === "attention" ? " of the last node" : " gate"} ${number(average(gates[node][name]))}`),
        `state: size ${number(Math.hypot(...states[node]))}, from ${number(Math.min(...states[node]))} to ${number(Math.max(...states[node]))}`];
    };
    return scrubbed(drawing, { label: `${signal ? "Steps" : "Nodes"} of model ${letter}`, count, x: column, top: 2, bottom: bottom - 2, lines });
  }

  const average = values => values.reduce((sum, v) => sum + v, 0) / values.length;
  const mean = vectors => vectors[0].map((_, i) => average(vectors.map(vector => vector[i])));
  const meanGates = gates => Object.fromEntries(Object.keys(gates[0]).map(name => [name, mean(gates.map(gate => gate[name]))]));

  /** Units by nodes as a picture: blue above zero, orange below, stronger for larger values. */
  function picture(states, most) {
    const canvas = tag("canvas", { width: states.length, height: states[0].length }), drawn = canvas.getContext("2d");
    const image = drawn.createImageData(states.length, states[0].length);
    states.forEach((state, node) => state.forEach((value, unit) => {
      image.data.set([...(value > 0 ? [0, 114, 178] : [213, 94, 0]), Math.round(255 * Math.min(1, Math.abs(value) / most))], 4 * (unit * states.length + node));
    }));
    drawn.putImageData(image, 0, 0);
    return canvas.toDataURL();
  }

  function draw() {
    drawPicks();
    const value = text();
    if (input.value !== value) input.value = value;
    panels.forEach(panel => { panel.parts = null; });
    drawTools();
    drawPanels();
  }

  state.listen(draw);
  page.fitted(root, drawPanels);
  draw();
}

/* Starts both parts; what goes wrong is told where the part would stand. */
{
  const given = JSON.parse(document.getElementById("data").textContent);
  const begin = (id, part, values) => {
    const root = document.getElementById(id);
    if (!root || !values.length) return;
    root.replaceChildren();
    try { part(root, values); } catch (error) { root.replaceChildren(page.tag("p", {}, `This part could not be drawn: ${error.message}`)); }
  };
  begin("comparison", comparison, given.tasks);
  begin("explorer", explorer, given.models);
  document.documentElement.dataset.ready = Math.round(performance.now());
}
