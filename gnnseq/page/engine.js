"use strict";
/* Models of gnnseq in plain JavaScript, in float64: a tape of vector operations, the layers on it, and the graphs that
   they read. Every operation has its exact derivative, so influence is an exact Jacobian, as in gnnseq.analysis. */
const gnnseq = (() => {
  const sigmoid = v => (v >= 0 ? 1 / (1 + Math.exp(-v)) : Math.exp(v) / (1 + Math.exp(v)));

  /** Operations on vectors, recorded in order; `back` adds to the gradients of what an operation read. */
  class Tape {
    constructor() { this.vars = []; }

    record(value, inputs, back) {
      const made = { value, grad: new Float64Array(value.length), live: false, inputs, back };
      this.vars.push(made);
      return made;
    }

    leaf(value) { return this.record(Float64Array.from(value), [], null); }

    /** Rows `from` to `from + rows` of W x + b; b may be null. */
    affine(x, W, b, from = 0, rows = W.rows) {
      const { data, cols } = W, value = new Float64Array(rows), read = x.value;
      for (let i = 0; i < rows; i++) {
        let sum = b ? b.data[from + i] : 0;
        for (let j = 0, at = (from + i) * cols; j < cols; j++) sum += data[at + j] * read[j];
        value[i] = sum;
      }
      return this.record(value, [x], made => {
        for (let i = 0; i < rows; i++) {
          const g = made.grad[i], grad = x.grad;
          if (g !== 0) for (let j = 0, at = (from + i) * cols; j < cols; j++) grad[j] += data[at + j] * g;
        }
      });
    }

    /** The sum of scaled vectors, given as pairs [scale, vector]. */
    mix(pairs) {
      const value = new Float64Array(pairs[0][1].value.length);
      for (const [scale, x] of pairs) {
        const read = x.value;
        for (let i = 0; i < value.length; i++) value[i] += scale * read[i];
      }
      return this.record(value, pairs.map(pair => pair[1]), made => {
        for (const [scale, x] of pairs) for (let i = 0; i < value.length; i++) x.grad[i] += scale * made.grad[i];
      });
    }

    add(...xs) { return this.mix(xs.map(x => [1, x])); }

    multiply(a, b) {
      const value = new Float64Array(a.value.length);
      for (let i = 0; i < value.length; i++) value[i] = a.value[i] * b.value[i];
      return this.record(value, [a, b], made => {
        for (let i = 0; i < made.grad.length; i++) {
          a.grad[i] += made.grad[i] * b.value[i];
          b.grad[i] += made.grad[i] * a.value[i];
        }
      });
    }

    /** x times a vector of constants. */
    weigh(x, weight) {
      return this.record(x.value.map((v, i) => v * weight[i]), [x], made => {
        for (let i = 0; i < made.grad.length; i++) x.grad[i] += made.grad[i] * weight[i];
      });
    }

    /** f of each number; `slope` is its derivative, in terms of the result and the number. */
    each(x, f, slope) {
      const value = new Float64Array(x.value.length);
      for (let i = 0; i < value.length; i++) value[i] = f(x.value[i]);
      return this.record(value, [x], made => {
        for (let i = 0; i < made.grad.length; i++) x.grad[i] += made.grad[i] * slope(made.value[i], x.value[i]);
      });
    }

    sigmoid(x) { return this.each(x, sigmoid, y => y * (1 - y)); }
    tanh(x) { return this.each(x, Math.tanh, y => 1 - y * y); }
    relu(x) { return this.each(x, v => (v > 0 ? v : 0), y => (y > 0 ? 1 : 0)); }

    part(x, from, size) {
      return this.record(x.value.slice(from, from + size), [x], made => {
        for (let i = 0; i < size; i++) x.grad[from + i] += made.grad[i];
      });
    }

    join(xs) {
      if (xs.length === 1) return xs[0];
      const value = new Float64Array(xs.reduce((sum, x) => sum + x.value.length, 0));
      let at = 0;
      const starts = xs.map(x => { value.set(x.value, at); at += x.value.length; return at - x.value.length; });
      return this.record(value, xs, made => xs.forEach((x, k) => {
        for (let i = 0; i < x.grad.length; i++) x.grad[i] += made.grad[starts[k] + i];
      }));
    }

    layerNorm(x, weight, bias, eps) {
      const n = x.value.length, mean = x.value.reduce((a, b) => a + b) / n;
      const deviation = Math.sqrt(x.value.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n + eps);
      const unit = x.value.map(v => (v - mean) / deviation);
      const value = unit.map((u, i) => u * (weight ? weight.data[i] : 1) + (bias ? bias.data[i] : 0));
      return this.record(value, [x], made => {
        const g = made.grad.map((v, i) => v * (weight ? weight.data[i] : 1));
        const first = g.reduce((a, b) => a + b) / n, second = g.reduce((sum, v, i) => sum + v * unit[i], 0) / n;
        for (let i = 0; i < n; i++) x.grad[i] += (g[i] - first - unit[i] * second) / deviation;
      });
    }

    /** softmax_u(scale q . k_u), by which the values v_u are added up; the result's `shares` are the softmax. */
    attend(q, ks, vs, scale) {
      const scores = ks.map(k => scale * k.value.reduce((sum, v, i) => sum + v * q.value[i], 0)), shares = softmax(scores);
      const value = new Float64Array(vs[0].value.length);
      vs.forEach((v, u) => { for (let i = 0; i < value.length; i++) value[i] += shares[u] * v.value[i]; });
      const made = this.record(value, [q, ...ks, ...vs], () => {
        const slopes = vs.map((v, u) => {
          let sum = 0;
          for (let i = 0; i < value.length; i++) { sum += made.grad[i] * v.value[i]; v.grad[i] += shares[u] * made.grad[i]; }
          return sum;
        });
        const middle = slopes.reduce((sum, slope, u) => sum + shares[u] * slope, 0);
        ks.forEach((k, u) => {
          const g = scale * shares[u] * (slopes[u] - middle);
          for (let i = 0; i < q.value.length; i++) { k.grad[i] += g * q.value[i]; q.grad[i] += g * k.value[i]; }
        });
      });
      made.shares = shares;
      return made;
    }

    /** The derivatives of one number of a vector with respect to everything recorded. */
    backward(output, channel) {
      for (const made of this.vars) { made.grad.fill(0); made.live = false; }
      output.grad[channel] = 1;
      output.live = true;
      for (let k = this.vars.length - 1; k >= 0; k--) {
        const made = this.vars[k];
        if (!made.live || !made.back) continue;
        for (const input of made.inputs) input.live = true;
        made.back(made);
      }
    }
  }

  /* Recurrences: the states of a node from its features and its children's states. */
  const childSum = (tape, children) => (children.length ? tape.add(...children.map(child => child.h)) : null);

  const CELLS = {
    rnn(tape, w, x, children) {
      const own = tape.affine(x, w.weight_ih, w.bias), h = childSum(tape, children);
      return { h: tape.tanh(h ? tape.add(own, tape.affine(h, w.weight_hh, null)) : own), gates: {} };
    },

    gru(tape, w, x, children) {
      return gruStep(tape, w, x, childSum(tape, children));
    },

    /** A GRU that reads the children by their shares of attention. */
    dagnn(tape, w, x, children) {
      const h = children.map(child => child.h);
      return gruStep(tape, w, x, h.length ? tape.attend(tape.leaf(w.attention.data), h, h, 1) : null);
    },

    lstm(tape, w, x, children) {
      const H = w.weight_hh.cols, own = tape.affine(x, w.weight_ih, w.bias), h = childSum(tape, children);
      const gate = k => {
        const part = tape.part(own, k * H, H);
        return h ? tape.add(part, tape.affine(h, w.weight_hh, null, k * H, H)) : part;
      };
      const i = tape.sigmoid(gate(0)), g = tape.tanh(gate(2)), o = tape.sigmoid(gate(3));
      const x_f = tape.part(own, H, H);
      const f = children.map(child => tape.sigmoid(tape.add(x_f, tape.affine(child.h, w.weight_hh, null, H, H))));
      const c = tape.add(tape.multiply(i, g), ...f.map((gate, k) => tape.multiply(gate, children[k].c)));
      return { h: tape.multiply(o, tape.tanh(c)), c, gates: { input: i, ...forgets(tape, f), output: o } };
    },

    nary(tape, w, x, children, slots) {
      const H = w.size, own = tape.affine(x, w.weight_ih, w.bias);
      const gate = (k, weights) => tape.add(tape.part(own, k * H, H), ...children.map(
        (child, place) => tape.affine(child.h, weights[slots[place]], null, ...(k === 1 ? [] : [{ 0: 0, 2: H, 3: 2 * H }[k], H]))));
      const i = tape.sigmoid(gate(0, w.weight_igo)), g = tape.tanh(gate(2, w.weight_igo)), o = tape.sigmoid(gate(3, w.weight_igo));
      const f = children.map((_, place) => tape.sigmoid(gate(1, w.weight_f[slots[place]])));
      const c = tape.add(tape.multiply(i, g), ...f.map((gate, k) => tape.multiply(gate, children[k].c)));
      return { h: tape.multiply(o, tape.tanh(c)), c, gates: { input: i, ...forgets(tape, f), output: o } };
    },

    min_gru(tape, w, x, children) {
      const H = w.size, own = tape.affine(x, w.weight_ih, w.bias);
      return linearStep(tape, w, children, tape.sigmoid(tape.part(own, 0, H)), tape.part(own, H, H));
    },

    min_lstm(tape, w, x, children) {
      const H = w.size, own = tape.affine(x, w.weight_ih, w.bias);
      const log = v => (v > 0 ? -Math.log1p(Math.exp(-v)) : v - Math.log1p(Math.exp(v)));
      const logs = from => tape.each(tape.part(own, from, H), log, (y, v) => sigmoid(-v));
      const write = tape.sigmoid(tape.mix([[1, logs(0)], [-1, logs(H)]]));  // i / (i + f)
      return linearStep(tape, w, children, write, tape.part(own, 2 * H, H));
    },
  };

  function gruStep(tape, w, x, read) {
    const H = w.weight_hh.cols, own = tape.affine(x, w.weight_ih, w.bias);
    const h = read || tape.leaf(new Float64Array(H));
    const hidden = tape.affine(h, w.weight_hh, null);
    const gate = from => tape.sigmoid(tape.add(tape.part(own, from, H), tape.part(hidden, from, H)));
    const r = gate(0), z = gate(H);
    let past = tape.part(hidden, 2 * H, H);
    if (w.bias_hn) past = tape.add(past, tape.leaf(w.bias_hn.data));
    const n = tape.tanh(tape.add(tape.part(own, 2 * H, H), tape.multiply(r, past)));
    return { h: tape.add(n, tape.multiply(z, tape.mix([[1, h], [-1, n]]))), gates: { reset: r, update: z } };
  }

  function forgets(tape, f) {
    return f.length ? { forget: f.length === 1 ? f[0] : tape.mix(f.map(gate => [1 / f.length, gate])) } : {};
  }

  /** h = keep * mean or sum of the children + write * candidate. */
  function linearStep(tape, w, children, write, candidate) {
    const b = tape.multiply(write, candidate);
    if (!children.length) return { h: b, gates: { update: write } };
    const keep = tape.each(write, w.signed ? v => 1 - 2 * v : v => 1 - v, w.signed ? () => -2 : () => -1);
    const share = w.mean ? 1 / children.length : 1;
    const read = tape.mix(children.map(child => [share, child.h]));
    return { h: tape.add(tape.multiply(keep, read), b), gates: { update: write } };
  }

  /* Encoders: features of all nodes and a graph in; outputs of all nodes, and what each layer did. */
  const ENCODERS = {
    recurrence(tape, spec, x, graph, layers) {
      const trace = [], directions = spec.directions;
      for (let layer = 0; layer < Math.min(layers, spec.cells.length / directions); layer++) {
        const outs = [];
        for (let direction = 0; direction < directions; direction++) {
          const read = incoming(graph, direction === 1), done = new Array(graph.size);
          const order = direction === 1 ? [...graph.order].reverse() : graph.order;
          for (const node of order) {
            const children = read[node].map(edge => done[edge.from]), slots = read[node].map(edge => edge.slot);
            done[node] = CELLS[spec.cell](tape, spec.cells[layer * directions + direction], x[node], children, slots);
          }
          outs.push(done);
        }
        x = graph.order.map((_, node) => tape.join(outs.map(done => done[node].h)));
        trace.push({ states: x, gates: outs[0].map(state => state.gates) });
      }
      return { out: x, trace };
    },

    convs(tape, spec, x, graph, layers) {
      const trace = [];
      if (spec.project) x = x.map(each => tape.affine(each, spec.project.weight, spec.project.bias));
      x = positioned(tape, spec.positions, x, graph);
      spec.convs.slice(0, layers).forEach((conv, layer) => {
        if (layer > 0) {
          const norm = spec.norms[layer - 1];
          if (norm) x = x.map(each => tape.layerNorm(each, norm.weight, norm.bias, norm.eps));
          x = x.map(each => ACTIVATIONS[spec.activation](tape, each));
        }
        const out = CONVS[conv.kind](tape, conv, x, graph);
        x = layer > 0 && spec.residual ? out.map((each, node) => tape.add(each, x[node])) : out;
        trace.push({ states: x, gates: x.map(() => ({})) });
      });
      return { out: x, trace };
    },

    /** A GCRN in rounds over the same features, or over the steps of a sequence on the graph of symbols. */
    gcrn(tape, spec, x, graph, layers) {
      const laplacian = scaledLaplacian(graph), H = spec.size, trace = [], nodes = graph.size;
      const filter = (signal, weights, bias) => filtered(tape, laplacian, signal, weights, bias, 4 * H);
      const rounds = spec.rounds === null ? x.length : Math.min(spec.rounds, layers);
      const once = spec.rounds === null ? null : filter(x, spec.weight_x, spec.bias);
      let h = new Array(nodes).fill(null), c = h;
      for (let step = 0; step < rounds; step++) {
        const read = filter(h, spec.weight_h, null);
        const own = once || filter(x[step], spec.weight_x, spec.bias);
        const done = own.map((gate, node) => peepholeStep(tape, spec, read[node] ? tape.add(gate, read[node]) : gate, c[node]));
        h = done.map(state => state.h);
        c = done.map(state => state.c);
        trace.push({ states: h, gates: done.map(state => state.gates) });
      }
      return { out: h, trace };
    },

    /** Layers of attention, each with a small network, residual connections and normalisation. */
    transformer(tape, spec, x, graph, layers) {
      const trace = [], reads = attended(spec.attend, graph);
      if (spec.project) x = x.map(each => tape.affine(each, spec.project.weight, spec.project.bias));
      x = positioned(tape, spec.positions, x, graph);
      for (const block of spec.blocks.slice(0, layers)) {
        const { out, shares } = attention(tape, block, spec, x, reads);
        x = out;
        trace.push({ states: x, gates: x.map((_, node) => (shares[node] ? { attention: { value: [shares[node]] } } : {})) });
      }
      const out = spec.norm ? x.map(each => tape.layerNorm(each, spec.norm.weight, spec.norm.bias, spec.norm.eps)) : x;
      return { out, trace };
    },

    bag(tape, spec, x) {
      const out = x.map(each => tape.relu(tape.affine(each, spec.weight, spec.bias)));
      return { out, trace: [{ states: out, gates: out.map(() => ({})) }] };
    },
  };

  /** The nodes that each node attends to, itself among them. */
  function attended(kind, graph) {
    if (kind === "graph") return graph.tokens.map(() => places(graph.size));
    const sources = incoming(graph).map(edges => edges.map(edge => edge.from));
    if (kind === "edges") return sources.map((from, node) => [...new Set([...from, node])]);
    const found = [];
    for (const node of graph.order) found[node] = new Set([node, ...sources[node].flatMap(from => [...found[from]])]);
    return found.map(set => [...set]);
  }

  /** One layer of a Transformer, and how the last node shares its attention, the mean over the heads. */
  function attention(tape, block, spec, x, reads) {
    const normed = (each, norm) => tape.layerNorm(each, norm.weight, norm.bias, norm.eps), { heads } = spec;
    const H = x[0].value.length, d = H / heads, last = x.length - 1, shares = new Float64Array(x.length);
    const qkv = x.map(each => tape.affine(spec.norm_first ? normed(each, block.norm1) : each, block.qkv.weight, block.qkv.bias));
    const part = (kind, head) => qkv.map(each => tape.part(each, kind * H + head * d, d));
    const read = places(heads).map(head => {
      const [q, k, v] = [part(0, head), part(1, head), part(2, head)];
      return q.map((each, node) => tape.attend(each, reads[node].map(u => k[u]), reads[node].map(u => v[u]), d ** -0.5));
    });
    for (const head of read) reads[last].forEach((u, place) => { shares[u] += head[last].shares[place] / heads; });
    const out = x.map((each, node) => {
      const y = tape.add(each, tape.affine(tape.join(read.map(head => head[node])), block.out.weight, block.out.bias));
      const z = spec.norm_first ? y : normed(y, block.norm1);
      const inner = ACTIVATIONS[spec.activation](tape, tape.affine(spec.norm_first ? normed(z, block.norm2) : z, block.linear1.weight, block.linear1.bias));
      const sum = tape.add(z, tape.affine(inner, block.linear2.weight, block.linear2.bias));
      return spec.norm_first ? sum : normed(sum, block.norm2);
    });
    return { out, shares };
  }

  /** Features with sines and cosines of each node's place: its number, or the longest way that leads to it. */
  function positioned(tape, positions, x, graph) {
    if (!positions) return x;
    const read = incoming(graph), place = [], F = x[0].value.length;
    if (positions.by_number) x.forEach((_, node) => { place[node] = node; });
    else for (const node of graph.order) place[node] = Math.max(-1, ...read[node].map(edge => place[edge.from])) + 1;
    return x.map((each, node) => tape.add(each, tape.leaf(places(F).map(i => {
      const angle = place[node] * 10000 ** (-(i - i % 2) / F);
      return i % 2 ? Math.cos(angle) : Math.sin(angle);
    }))));
  }

  const ACTIVATIONS = {
    relu: (tape, x) => tape.relu(x),
    tanh: (tape, x) => tape.tanh(x),
    sigmoid: (tape, x) => tape.sigmoid(x),
    identity: (tape, x) => x,
  };

  const CONVS = {
    /** W_root x_v + W_rel * sum of the neighbours + b, along edges of one hop where the layer has one. */
    graph(tape, w, x, graph) {
      const read = incoming(graph);
      return x.map((own, node) => {
        const from = read[node].filter(edge => w.hop === null || edge.hop === w.hop);
        const root = tape.affine(own, w.root, w.bias);
        if (!from.length) return root;
        return tape.add(root, tape.affine(tape.add(...from.map(edge => x[edge.from])), w.rel, null));
      });
    },

    /** A small network of (1 + eps) x_v + the sum of the neighbours. */
    gin(tape, w, x, graph) {
      const read = incoming(graph);
      return x.map((own, node) => {
        const sum = tape.mix([[1 + w.eps, own], ...read[node].map(edge => [1, x[edge.from]])]);
        return w.parts.reduce((each, part) => (part.weight ? tape.affine(each, part.weight, part.bias) : ACTIVATIONS[part.activation](tape, each)), sum);
      });
    },

    /** The symmetrically normalised adjacency, with a loop at each node where the layer adds them. */
    gcn(tape, w, x, graph) {
      const read = incoming(graph), loop = w.loops ? 1 : 0;
      const degree = read.map(edges => edges.length + loop), root = degree.map(d => (d > 0 ? d ** -0.5 : 0));
      return x.map((own, node) => {
        const terms = read[node].map(edge => [root[edge.from] * root[node], x[edge.from]]);
        if (loop) terms.push([root[node] ** 2, own]);
        if (!terms.length) return tape.leaf(w.bias ? w.bias.data : new Float64Array(w.weight.rows));
        return tape.affine(tape.mix(terms), w.weight, w.bias);
      });
    },
  };

  /** Rows of -D^(-1/2) A D^(-1/2): the symmetric Laplacian, scaled by the bound 2 on its eigenvalues. */
  function scaledLaplacian(graph) {
    const read = incoming(graph), root = read.map(edges => (edges.length ? edges.length ** -0.5 : 0));
    return read.map((edges, node) => edges.map(edge => [-root[edge.from] * root[node], edge.from]));
  }

  /** The Chebyshev filter of a signal in which null stands for zeros; null where nothing is left. */
  function filtered(tape, laplacian, signal, weights, bias, rows) {
    const times = (scale, terms) => laplacian.map((row, node) => {
      const pairs = row.filter(([, from]) => terms[0][from]).map(([w, from]) => [scale * w, terms[0][from]]);
      if (terms[1] && terms[1][node]) pairs.push([-1, terms[1][node]]);
      return pairs.length ? tape.mix(pairs) : null;
    });
    let old = null, term = signal;
    const sums = signal.map(() => []);
    weights.forEach((weight, k) => {
      if (k > 0) [old, term] = [term, times(k === 1 ? 1 : 2, [term, old])];
      term.forEach((each, node) => { if (each) sums[node].push(tape.affine(each, weight, null)); });
    });
    return sums.map(parts => {
      if (bias) parts.push(tape.leaf(bias.data.slice(0, rows)));
      return parts.length ? tape.add(...parts) : null;
    });
  }

  /** An LSTM whose gates also read the cell state; `gates` and `c` may be null for zeros. */
  function peepholeStep(tape, spec, gates, c) {
    const H = spec.size, all = gates || tape.leaf(new Float64Array(4 * H)), peep = spec.peephole;
    const part = (k, cell) => {
      const own = tape.part(all, k * H, H), row = { 0: 0, 1: 1, 3: 2 }[k];
      if (!peep || row === undefined || !cell) return own;
      return tape.add(own, tape.weigh(cell, peep.data.subarray(row * H, row * H + H)));
    };
    const i = tape.sigmoid(part(0, c)), f = tape.sigmoid(part(1, c)), g = tape.tanh(part(2, null));
    const next = c ? tape.add(tape.multiply(f, c), tape.multiply(i, g)) : tape.multiply(i, g);
    const o = tape.sigmoid(part(3, next));
    return { h: tape.multiply(o, tape.tanh(next)), c: next, gates: { input: i, forget: f, output: o } };
  }

  /* Graphs over symbols: nodes hold the place of their token, or -1 for none. Edges follow the flow of information. */
  function incoming(graph, reversed = false) {
    const read = Array.from({ length: graph.size }, () => []);
    for (const edge of graph.edges) {
      const [from, to] = reversed ? [edge.to, edge.from] : [edge.from, edge.to];
      read[to].push({ from, slot: edge.slot || 0, hop: edge.hop === undefined ? 1 : edge.hop });
    }
    return read;
  }

  /** Children before parents; null where the edges form a cycle. */
  function topological(size, edges) {
    const waiting = new Array(size).fill(0), out = Array.from({ length: size }, () => []);
    for (const { from, to } of edges) { waiting[to]++; out[from].push(to); }
    const order = [];
    for (let node = 0; node < size; node++) if (!waiting[node]) order.push(node);
    for (let k = 0; k < order.length; k++) for (const to of out[order[k]]) if (--waiting[to] === 0) order.push(to);
    return order.length === size ? order : null;
  }

  const bothWays = edges => edges.concat(edges.map(edge => ({ ...edge, from: edge.to, to: edge.from })));
  const hopEdges = (size, hops) => hops.flatMap(
    hop => Array.from({ length: Math.max(0, size - hop) }, (_, i) => ({ from: i, to: i + hop, hop })));
  const places = size => Array.from({ length: size }, (_, i) => i);

  const GRAPHS = {
    path: tokens => ({ size: tokens.length, tokens: places(tokens.length), edges: hopEdges(tokens.length, [1]) }),
    "path both ways": tokens => ({
      size: tokens.length, tokens: places(tokens.length), edges: bothWays(hopEdges(tokens.length, [1])),
    }),
    dilated(tokens, model) {
      if (model.hops) return { size: tokens.length, tokens: places(tokens.length), edges: hopEdges(tokens.length, model.hops) };
      const hops = [1];
      while (2 * hops[hops.length - 1] < tokens.length) hops.push(2 * hops[hops.length - 1]);
      return { size: tokens.length, tokens: places(tokens.length), edges: hopEdges(tokens.length, hops) };
    },
    "balanced tree": balancedTree,
    tree: bracketTree,
    graph(tokens, model) {
      const tree = bracketTree(tokens, model);
      return { ...tree, edges: bothWays(tree.edges) };
    },
    /** Nodes are symbols and positions are time; `size` counts nodes, and tokens stand at [symbol, time]. */
    symbols(tokens, model) {
      const size = model.symbols.length;
      return { size, tokens: places(size).map(() => -1), edges: bothWays(hopEdges(size, [1])), signal: true };
    },
  };

  /** The binary tree of least depth over leaves, as gnnseq.graphs.balanced_tree_batch numbers it. */
  function balancedTree(tokens) {
    const T = tokens.length, width = 2 ** Math.floor(Math.log2(T)), pairs = T - width, edges = [];
    for (let child = 0; child < 2 * (T - 1); child++) {
      const place = child - 2 * pairs;
      const node = place < 0 ? child : place + (place < pairs ? T : place < width ? pairs : 2 * pairs);
      edges.push({ from: node, to: T + Math.floor(child / 2), slot: child % 2 });
    }
    return { size: 2 * T - 1, tokens: places(2 * T - 1).map(i => (i < T ? i : -1)), edges };
  }

  /** Brackets as a tree, children first: "[MAX 2 [MIN 4 7 ] ]" has operators at inner nodes, "((a b) c)" nothing. */
  function bracketTree(tokens) {
    const held = [], edges = [], open = [], roots = [];
    const close = node => (open.length ? open[open.length - 1].children : roots).push(node);
    for (let k = 0; k < tokens.length; k++) {
      const text = tokens[k].text;
      if (text.startsWith("[") || text === "(") open.push({ token: text === "(" ? -1 : k, children: [], at: k });
      else if (text === "]" || text === ")") {
        if (!open.length) throw new InputError(`symbol ${k + 1} is ${text} without an opening bracket before it`);
        const { token, children } = open.pop();
        if (!children.length) throw new InputError(`the list that ends at symbol ${k + 1} is empty, expected arguments`);
        children.forEach((child, slot) => edges.push({ from: child, to: held.length, slot }));
        close(held.push(token) - 1);
      } else close(held.push(k) - 1);
    }
    if (open.length) throw new InputError(`the bracket at symbol ${open[open.length - 1].at + 1} is not closed`);
    if (roots.length !== 1) throw new InputError(`there are ${roots.length} expressions side by side, expected one`);
    return { size: held.length, tokens: held, edges };
  }

  class InputError extends Error {}

  /** Text to tokens {text, id, start}; id is null for what is not in the alphabet. */
  function tokenize(text, symbols) {
    const known = new Map(symbols.map((symbol, id) => [symbol, id])), tokens = [];
    const brackets = symbols.includes("(") ? "" : "()", longest = Math.max(...symbols.map(symbol => symbol.length));
    for (let at = 0; at < text.length;) {
      let size = Math.min(longest, text.length - at);
      while (size > 0 && !known.has(text.slice(at, at + size))) size--;
      if (size === 0) {
        size = text.codePointAt(at) > 0xffff ? 2 : 1;
        const unknown = text.slice(at, at + size);
        if (/\S/.test(unknown)) tokens.push({ text: unknown, id: null, start: at, bracket: brackets.includes(unknown) });
      } else tokens.push({ text: text.slice(at, at + size), id: known.get(text.slice(at, at + size)), start: at });
      at += size;
    }
    return tokens;
  }

  /** The graph that a model reads, with edges that were added, and the order of its nodes. */
  function graphOf(model, tokens, added = []) {
    const graph = GRAPHS[model.view](tokens, model), extra = [];
    for (const [from, to] of added) {
      if (graph.signal || from === to || Math.max(from, to) >= graph.size) continue;
      if (graph.edges.some(edge => edge.from === from && edge.to === to)) continue;
      extra.push({ from, to, hop: Math.abs(to - from), slot: 0, added: true });
    }
    const both = model.view === "path both ways" || model.view === "graph";
    graph.edges = graph.edges.concat(both ? bothWays(extra) : extra);
    const ordered = model.encoder.kind === "recurrence" || model.encoder.attend === "ancestors";
    graph.order = ordered ? topological(graph.size, graph.edges) : places(graph.size);
    if (!graph.order) throw new InputError("the added edge closes a cycle, which this model cannot read");
    return graph;
  }

  /** Least number of edges from each node to a node, -1 where no way leads there. */
  function hopsTo(graph, target) {
    const read = incoming(graph), hops = new Array(graph.size).fill(-1), queue = [target];
    hops[target] = 0;
    for (let k = 0; k < queue.length; k++) for (const { from } of read[queue[k]]) {
      if (hops[from] < 0) { hops[from] = hops[queue[k]] + 1; queue.push(from); }
    }
    return hops;
  }

  function checkArity(model, graph) {
    const { arity } = model.encoder;
    const wide = arity && graph.edges.find(edge => (edge.slot || 0) >= arity);
    if (wide) throw new InputError(`node ${wide.to} has more than ${arity} children, expected at most ${arity}: they have places`);
  }

  const READOUTS = {
    root: (tape, out) => out[out.length - 1],
    mean: (tape, out) => tape.mix(out.map(each => [1 / out.length, each])),
    sum: (tape, out) => tape.add(...out),
  };

  /** Vectors of base64 float32 where a description names them by place and shape. */
  function unpack(model, weights = model.weights) {
    const bytes = Uint8Array.from(atob(weights), letter => letter.charCodeAt(0));
    const numbers = Float64Array.from(new Float32Array(bytes.buffer));
    const place = value => {
      if (Array.isArray(value)) return value.map(place);
      if (value === null || typeof value !== "object") return value;
      if (value.shape === undefined) return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, place(v)]));
      const rows = value.shape[0], cols = value.shape[1] || 1;
      return { data: numbers.subarray(value.at, value.at + rows * cols), rows, cols };
    };
    const { embedding, encoder, head } = model;
    return { ...model, ...place({ embedding, encoder, head }), weights: null };
  }

  function layersOf(model) {
    const { encoder } = model;
    if (encoder.kind === "recurrence") return encoder.cells.length / encoder.directions;
    if (encoder.kind === "convs") return encoder.convs.length;
    if (encoder.kind === "transformer") return encoder.blocks.length;
    return encoder.rounds || 1;
  }

  function embed(tape, model, token) {
    const { embedding } = model;
    if (embedding.kind === "number") return tape.leaf([token && token.id !== null ? token.id : 0]);
    const { data, rows, cols } = embedding.weight, empty = rows > model.symbols.length ? model.symbols.length : null;
    const id = token && token.id !== null ? token.id : empty;
    return tape.leaf(id === null ? new Float64Array(cols) : data.subarray(id * cols, id * cols + cols));
  }

  function softmax(logits, temperature = 1) {
    const most = Math.max(...logits), parts = Array.from(logits, v => Math.exp((v - most) / temperature));
    const sum = parts.reduce((a, b) => a + b);
    return parts.map(part => part / sum);
  }

  /**
   * Everything about one input of an unpacked model.
   * options: layers (how many of the trained ones run), edges (added, [from, to]), asked (node of the output, for a
   * model with one output per node, whose `answers` are the likeliest class of each; the last by default), influence (false to leave it to the result's `measure`).
   */
  function run(model, text, options = {}) {
    const tokens = tokenize(text, model.symbols);
    if (!tokens.length) throw new InputError("the input is empty, expected at least one symbol");
    const graph = graphOf(model, tokens, options.edges), tape = new Tape();
    checkArity(model, graph);
    const layers = options.layers || layersOf(model);
    const leaves = tokens.map(() => null);
    let x;
    if (graph.signal) {
      x = tokens.map((token, time) => {
        const row = new Array(graph.size).fill(null);
        if (token.id !== null) { row[token.id] = leaves[time] = embed(tape, model, token); }
        return row;
      });
    } else {
      x = graph.tokens.map(place => {
        const leaf = embed(tape, model, place < 0 ? null : tokens[place]);
        if (place >= 0) leaves[place] = leaf;
        return leaf;
      });
    }
    const { out, trace } = ENCODERS[model.encoder.kind](tape, model.encoder, x, graph, layers);
    const asked = model.level === "node" ? (options.asked === undefined ? out.length - 1 : options.asked) : out.length - 1;
    const pooled = model.level === "node" ? out[asked] : READOUTS[model.readout](tape, out);
    const logits = tape.affine(pooled, model.head.weight, model.head.bias);
    const result = { tokens, graph, logits: Array.from(logits.value), layers, asked, readout: model.readout, trace: plain(trace) };
    if (model.level === "node") result.answers = out.map(each => likeliest(new Tape().affine(each, model.head.weight, model.head.bias).value));
    result.probabilities = model.classes.length > 1 ? softmax(result.logits) : null;
    result.measure = () => influence(tape, logits, leaves);
    if (options.influence !== false) Object.assign(result, result.measure());
    else {  // which symbols are seen takes one pass, how strongly one for each output
      tape.backward(logits, 0);
      Object.assign(result, { influence: leaves.map(leaf => (leaf ? undefined : null)), seen: leaves.map(leaf => Boolean(leaf && leaf.live)) });
    }
    const hops = graph.signal ? null : hopsTo(graph, asked);
    result.hops = tokens.map((_, place) => {
      if (!hops) return null;
      const node = graph.tokens.indexOf(place);
      return node < 0 ? null : hops[node];
    });
    return result;
  }

  const likeliest = logits => logits.reduce((best, value, k) => (value > logits[best] ? k : best), 0);

  /** The sum of absolute derivatives of all outputs by each symbol's vector, and which symbols are seen at all. */
  function influence(tape, logits, leaves) {
    const sizes = leaves.map(leaf => (leaf ? 0 : null)), seen = leaves.map(() => false);
    for (let channel = 0; channel < logits.value.length; channel++) {
      tape.backward(logits, channel);
      leaves.forEach((leaf, place) => {
        if (!leaf) return;
        for (const g of leaf.grad) sizes[place] += Math.abs(g);
        seen[place] = seen[place] || leaf.live;
      });
    }
    return { influence: sizes, seen };
  }

  const plain = trace => trace.map(layer => ({
    states: layer.states.map(state => (state ? state.value : null)),
    gates: layer.gates.map(gates => Object.fromEntries(Object.entries(gates).map(([name, gate]) => [name, gate.value]))),
  }));

  return { InputError, graphOf, hopsTo, layersOf, run, softmax, tokenize, unpack };
})();
