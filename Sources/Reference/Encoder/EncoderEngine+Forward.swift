// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Basics
import Glibc

/// Forward passes: embeddings, and what a layer does row by row.
extension EncoderEngine {
  /// x = dropout(norm(word + type + position)), or of the word alone with relative positions, then
  /// the first layer's queries, keys and values.
  func embeddingForward(_ plan: ActivationPlan, _ batch: PackedBatch) {
    let (C, blocks) = (plan.C, plan.embedding)
    let (norm, mask) = (norm(layout.embeddingNorm), mask(0, .embeddings))
    let (word, type, position) = (p(layout.wordTable), p(layout.typeTable), p(layout.positionTable))
    pool.run(plan.rowChunks) { chunk, worker in
      let rows = plan.chunk(chunk, rows: plan.T)
      profile.measure(.embedding, worker) {
        let scratch = plan.scratch(worker)
        for t in rows {
          let x = blocks.normalised + t &* C
          let out = blocks.output + t &* C
          let a = word + Int(batch.tokens[t]) &* C
          let b = type + Int(batch.types[t]) &* C
          let c = position + Int(batch.positions[t]) &* C
          if relative == nil {
            for i in 0..<C { x[i] = (a[i] + b[i]) + c[i] }
          } else {
            x.update(from: a, count: C)
          }
          blocks.rstd[t] = norm.normalise(x, into: out)
          mask?.apply(to: out, start: t &* C, count: C, scratch: scratch)
        }
      }
      projectInputs(plan, 0, rows, worker)
    }
  }

  /// Queries, keys and values of `rows` of a layer's input; keys and values alone where only
  /// first tokens ask.
  func projectInputs(_ plan: ActivationPlan, _ layer: Int, _ rows: Range<Int>, _ worker: Int) {
    guard !rows.isEmpty else { return }
    let (C, offsets) = (plan.C, layout.layers[layer])
    let skipped = plan.firstOnly(layer) ? C : 0
    let N = 3 * C - skipped
    let x = plan.input(layer) + rows.lowerBound * C
    let out = plan.layers[layer].inputs + rows.lowerBound * N
    if skipped == 0 { project(out, ldOut: N, x, offsets.query, rows: rows.count, worker: worker) }
    project(
      out + N - 2 * C, ldOut: N, x, offsets.keyValue, rows: rows.count, worker: worker,
      operand: skipped == 0 ? .packedBefore : .packed)
    profile.measure(.bias, worker) {
      addBias(out, bias: p(offsets.qkvBias + skipped), rows: rows.count, columns: N)
    }
  }

  /// The queries of the first tokens, gathered; the last layer's own beginning.
  func projectFirstQueries(_ plan: ActivationPlan, _ batch: PackedBatch, _ layer: Int) {
    let (C, blocks, x) = (plan.C, plan.layers[layer], plan.input(layer))
    for s in 0..<plan.B {
      (blocks.firstInputs + s * C).update(from: x + batch.offsets[s] * C, count: C)
    }
    project(
      blocks.query, ldOut: C, blocks.firstInputs, layout.layers[layer].query, rows: plan.B,
      worker: 0)
    addBias(blocks.query, bias: p(layout.layers[layer].qkvBias), rows: plan.B, columns: C)
  }

  /// The attention output, both norms and the feed-forward part of a layer, then the next layer's
  /// queries, keys and values, chunk by chunk of rows.
  func rowsForward(_ plan: ActivationPlan, _ layer: Int) {
    pool.run(plan.rowChunks) { chunk, worker in
      let range = plan.chunk(chunk, rows: plan.queryRows(layer))
      guard !range.isEmpty else { return }
      let (blocks, offsets) = (plan.layers[layer], layout.layers[layer])
      addAndNormalise(
        plan, range, worker, blocks.output1, blocks.context, offsets.out, offsets.norm1,
        normalised: blocks.normalised1, rstd: blocks.rstd1,
        residual: plan.firstOnly(layer) ? blocks.firstInputs : plan.input(layer),
        mask: mask(layer, .attentionOutput))
      feedForward(plan, layer, range, worker)
      if layer + 1 < plan.layerCount { projectInputs(plan, layer + 1, range, worker) }
    }
  }

  /// out = norm(residual + dropout(x·Wᵀ + b)) for `rows` of x; the blocks begin at row 0.
  private func addAndNormalise(
    _ plan: ActivationPlan, _ rows: Range<Int>, _ worker: Int, _ out: MutableFloats,
    _ x: MutableFloats, _ weight: WeightMatrix, _ offsets: NormOffsets, normalised: MutableFloats,
    rstd: MutableFloats, residual: MutableFloats, mask: DropoutMask?,
    operand: BFloat16Products.Operand = .packed
  ) {
    let (C, start) = (plan.C, rows.lowerBound)
    project(
      normalised + start * C, ldOut: C, x + start * weight.K, weight, rows: rows.count,
      worker: worker, operand: operand)
    profile.measure(.layerNorm, worker) {
      norm(offsets).forward(
        out + start * C, normalised: normalised + start * C, bias: p(offsets.bias),
        residual: residual + start * C, rstd: rstd + start, rows: rows.count, rowOffset: start,
        mask: mask, scratch: plan.scratch(worker))
    }
  }

  /// output = norm(output1 + dropout(GELU(output1·Uᵀ + a)·Dᵀ + b)).
  private func feedForward(_ plan: ActivationPlan, _ layer: Int, _ rows: Range<Int>, _ worker: Int)
  {
    let (blocks, offsets) = (plan.layers[layer], layout.layers[layer])
    expand(plan, layer, rows, worker)
    addAndNormalise(
      plan, rows, worker, blocks.output, blocks.activated, offsets.down, offsets.norm2,
      normalised: blocks.normalised2, rstd: blocks.rstd2, residual: blocks.output1,
      mask: mask(layer, .feedForwardOutput), operand: .activated)
  }
}

/// The embeddings' backward pass.
extension EncoderEngine {
  /// Gradients of the three tables and the norm, from that of the embeddings, `dOutput` (T, C). The
  /// padding token's row gets none, as in PyTorch; with RoBERTa its position's row neither.
  func embeddingBackward(_ plan: ActivationPlan, _ batch: PackedBatch, _ dOutput: MutableFloats) {
    let (C, blocks) = (plan.C, plan.embedding)
    let (norm, mask) = (norm(layout.embeddingNorm), mask(0, .embeddings))
    pool.run(plan.rowChunks) { chunk, worker in
      let partials = plan.partials(chunk)
      partials.update(repeating: 0, count: 2 * C)
      profile.measure(.embedding, worker) {
        let scratch = plan.scratch(worker)
        for t in plan.chunk(chunk, rows: plan.T) {
          let dRow = dOutput + t &* C
          mask?.apply(to: dRow, start: t &* C, count: C, scratch: scratch)
          norm.differentiate(
            dRow, blocks.normalised + t &* C, rstd: blocks.rstd[t], dgain: partials,
            doffset: partials + C)
        }
      }
    }
    let padding = configuration.paddingToken
    for token in batch.tokens where Int(token) != padding {
      rowHasGradient[Int(token)] = true
      rowHasMoments[Int(token)] = true
    }
    scatter(plan, batch, dOutput)
    for chunk in 0..<plan.rowChunks {
      let partials = plan.partials(chunk)
      for i in 0..<C {
        d(layout.embeddingNorm.gain)[i] += partials[i]
        d(layout.embeddingNorm.offset)[i] += partials[C + i]
      }
    }
  }

  /// Adds each row to its word's, position's and type's; the channels are shared out, so that no
  /// two threads add to one element.
  private func scatter(_ plan: ActivationPlan, _ batch: PackedBatch, _ dRows: MutableFloats) {
    let (C, padding, width) = (plan.C, configuration.paddingToken, 64)
    let skipsPosition = configuration.kind == .roberta
    pool.run((C + width - 1) / width) { piece, worker in
      let start = piece * width
      let count = min(width, C - start)
      profile.measure(.embedding, worker) {
        for t in 0..<plan.T {
          let x = dRows + t &* C + start
          let (token, position) = (Int(batch.tokens[t]), Int(batch.positions[t]))
          if token != padding {
            let word = d(layout.wordTable + token &* C + start)
            for i in 0..<count { word[i] += x[i] }
          }
          if relative != nil { continue }
          if !skipsPosition || position != padding {
            let place = d(layout.positionTable + position &* C + start)
            for i in 0..<count { place[i] += x[i] }
          }
          let type = d(layout.typeTable + Int(batch.types[t]) &* C + start)
          for i in 0..<count { type[i] += x[i] }
        }
      }
    }
  }
}

/// The head on the first token's state: B rows, little work, one thread.
extension EncoderEngine {
  /// Appends (B, K) predictions. `head.input` keeps the projection's or dense layer's input.
  func headForward(_ plan: ActivationPlan, _ batch: PackedBatch, _ predictions: inout [Float]) {
    let (C, blocks, last) = (plan.C, plan.head, plan.layerCount - 1)
    let states = plan.layers[last].output
    profile.measure(.head, 0) {
      for s in 0..<plan.B {
        let row = plan.firstOnly(last) ? s : batch.offsets[s]
        (blocks.input + s * C).update(from: states + row * C, count: C)
      }
      var projected = blocks.input
      if dropsHeadInput { drop(blocks.input, .headInput, plan) }
      if head.hasDense {
        multiply(
          blocks.hidden, ldOut: C, blocks.input, ldX: C, p(layout.denseWeight), ldY: C, M: plan.B,
          N: C, K: C, transposed: .second)
        if configuration.kind == .debertaV2 {
          geluForward(
            blocks.dropped, derivative: blocks.hidden, bias: p(layout.denseBias), rows: plan.B,
            columns: C, stride: C)
        } else {
          addBias(blocks.hidden, bias: p(layout.denseBias), rows: plan.B, columns: C)
          for i in 0..<(plan.B * C) { blocks.hidden[i] = tanhf(blocks.hidden[i]) }
          blocks.dropped.update(from: blocks.hidden, count: plan.B * C)
        }
        drop(blocks.dropped, .headHidden, plan)
        projected = blocks.dropped
      }
      for s in 0..<plan.B {
        let row = projected + s * C
        for k in 0..<outputCount {
          let weight = p(layout.projectionWeight + k * C)
          predictions.append(reduce(C) { row[$0] * weight[$0] } + p(layout.projectionBias)[k])
        }
      }
    }
  }

  /// The first tokens' last hidden states, (B, C) row-major, of the latest forward pass, which must
  /// have been one of inference: a training pass drops elements of them.
  package var firstTokenStates: [Float] {
    guard let plan, !plan.training else { preconditionFailure("a pass of inference comes first") }
    return Array(UnsafeBufferPointer(start: plan.head.input, count: plan.B * plan.C))
  }

  /// The last hidden states of all tokens, (T, C) row-major, of the latest forward pass, which must
  /// have been one with `everyToken`.
  package var tokenStates: [Float] {
    guard let plan, plan.everyToken else {
      preconditionFailure("a pass with every token comes first")
    }
    return Array(
      UnsafeBufferPointer(start: plan.layers[plan.layerCount - 1].output, count: plan.T * plan.C))
  }

  private var dropsHeadInput: Bool { head == .linear || configuration.kind != .bert }

  /// Drops elements of (B, C) in place.
  private func drop(_ x: MutableFloats, _ site: DropoutSite, _ plan: ActivationPlan) {
    guard let mask = mask(0, site) else { return }
    let (C, scratch) = (plan.C, plan.scratch(0))
    for s in 0..<plan.B {
      mask.apply(to: x + s * C, start: s * (C + C & 1), count: C, scratch: scratch)
    }
  }

  /// Adds the head's gradients from those of the predictions, (B, K), and returns that of the first
  /// tokens' states, (B, C).
  func headBackward(_ plan: ActivationPlan, _ gradient: [Float]) -> MutableFloats {
    let (C, blocks, dx) = (plan.C, plan.head, plan.temporaries.dFirsts)
    let dHidden = blocks.gradient
    profile.measure(.head, 0) {
      let projected = head.hasDense ? blocks.dropped : blocks.input
      for s in 0..<plan.B {
        for k in 0..<outputCount {
          let (weight, dWeight) = (
            p(layout.projectionWeight + k * C), d(layout.projectionWeight + k * C)
          )
          let g = gradient[s * outputCount + k]
          d(layout.projectionBias)[k] += g
          for i in 0..<C {
            dWeight[i] += g * projected[s * C + i]
            let part = g * weight[i]
            dHidden[s * C + i] = k == 0 ? part : dHidden[s * C + i] + part
          }
        }
      }
      if head.hasDense {
        drop(dHidden, .headHidden, plan)
        if configuration.kind == .debertaV2 {
          geluBackward(
            dHidden, derivative: blocks.hidden, dbias: d(layout.denseBias), rows: plan.B,
            columns: C, stride: C)
        } else {
          for i in 0..<(plan.B * C) { dHidden[i] *= 1 - blocks.hidden[i] * blocks.hidden[i] }
          addColumnSums(d(layout.denseBias), dHidden, rows: plan.B, columns: C)
        }
        multiply(
          d(layout.denseWeight), ldOut: C, dHidden, ldX: C, blocks.input, ldY: C, M: C, N: C,
          K: plan.B, transposed: .first, beta: 1)
        multiply(
          dx, ldOut: C, dHidden, ldX: C, p(layout.denseWeight), ldY: C, M: plan.B, N: C, K: C)
      } else {
        dx.update(from: dHidden, count: plan.B * C)
      }
      if dropsHeadInput { drop(dx, .headInput, plan) }
    }
    return dx
  }
}
