// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Basics

/// Backward passes. Each layer has three parallel parts: rows (norms, feed-forward, attention
/// output), attention, and the products over all rows (weights' gradients, the input's gradient).
extension EncoderEngine {
  /// Computes the gradient of a loss with respect to every parameter, for the batch of the last
  /// ``forward(_:mode:predictions:)``, which must have been a training one.
  ///
  /// `gradient` is the loss's with respect to each prediction. With `accumulate` the result is
  /// added to what is there, otherwise it replaces it.
  public func backward(_ gradient: [Float], accumulate: Bool) {
    guard let plan, let batch, plan.training else {
      preconditionFailure("a backward pass follows a training forward pass")
    }
    precondition(gradient.count == plan.B, "one gradient for each prediction")
    clearGradients(accumulate: accumulate)
    let dFirst = headBackward(plan, gradient)
    let temporaries = plan.temporaries(arena.base)
    var dOutput = temporaries.dStates
    if plan.firstOnly(plan.layerCount - 1) {
      dOutput = dFirst
    } else {
      dOutput.update(repeating: 0, count: plan.T * plan.C)
      for s in 0..<plan.B {
        (dOutput + batch.offsets[s] * plan.C).update(from: dFirst + s * plan.C, count: plan.C)
      }
    }
    for layer in (0..<plan.layerCount).reversed() {
      rowsBackward(plan, layer, dOutput)
      attentionBackward(plan, batch, layer)
      if plan.firstOnly(layer) {
        firstInputsBackward(plan, batch, layer, residual: dOutput)
      }
      productsBackward(plan, layer, dOutput, accumulate: accumulate)
      dOutput = temporaries.dStates
    }
    embeddingBackward(plan, batch, dOutput)
  }

  /// Zeroes what the pass adds to; the layers' weights are overwritten instead.
  private func clearGradients(accumulate: Bool) {
    guard !accumulate else { return }
    let C = configuration.hiddenSize
    for row in 0..<rowHasGradient.count where rowHasGradient[row] {
      d(layout.wordTable + row * C).update(repeating: 0, count: C)
      rowHasGradient[row] = false
    }
    let embeddingsEnd = layout.embeddingOffset + C
    d(layout.positionTable).update(repeating: 0, count: embeddingsEnd - layout.positionTable)
    for layer in layout.layers {
      d(layer.small).update(repeating: 0, count: layer.end - layer.small)
    }
    d(layout.headStart).update(repeating: 0, count: layout.count - layout.headStart)
  }

  /// From the gradient of a layer's output, `dOutput` (Tq, C), to that of the context. `dOutput`
  /// becomes the gradient of the layer's residual input.
  private func rowsBackward(
    _ plan: ActivationPlan, _ layer: Int, _ dOutput: UnsafeMutablePointer<Float>
  ) {
    let C = plan.C
    let F = plan.F
    let offsets = layout.layers[layer]
    let blocks = plan.layer(layer, arena.base)
    let t = plan.temporaries(arena.base)
    pool.run(plan.rowChunks) { chunk, worker in
      let partials = plan.partials(chunk, arena.base)
      partials.update(repeating: 0, count: 9 * C + F)
      let rows = plan.chunk(chunk, rows: plan.queryRows(layer))
      guard !rows.isEmpty else { return }
      let start = rows.lowerBound
      let scratch = plan.scratch(worker, arena.base)
      let dRows = dOutput + start * C
      profile.measure(.layerNorm, worker) {
        norm(gain: offsets.norm2Gain, offset: offsets.norm2Offset).backward(
          dRows, dx: t.dDown + start * C, normalised: blocks.normalised2 + start * C,
          rstd: blocks.rstd2 + start, dgain: partials, doffset: partials + C,
          dbias: partials + 2 * C, rows: rows.count, rowOffset: start,
          mask: mask(layer, .feedForwardOutput), scratch: scratch)
      }
      projectBack(
        t.dUp + start * F, t.dDown + start * C, ldY: C, offsets.down, rows: rows.count,
        worker: worker)
      profile.measure(.gelu, worker) {
        geluBackward(
          t.dUp + start * F, derivative: blocks.slope + start * F, dbias: partials + 9 * C,
          rows: rows.count, columns: F)
      }
      projectBack(
        dRows, t.dUp + start * F, ldY: F, offsets.up, rows: rows.count, beta: 1, worker: worker)
      profile.measure(.layerNorm, worker) {
        norm(gain: offsets.norm1Gain, offset: offsets.norm1Offset).backward(
          dRows, dx: t.dOut + start * C, normalised: blocks.normalised1 + start * C,
          rstd: blocks.rstd1 + start, dgain: partials + 3 * C, doffset: partials + 4 * C,
          dbias: partials + 5 * C, rows: rows.count, rowOffset: start,
          mask: mask(layer, .attentionOutput), scratch: scratch)
      }
      projectBack(
        t.dContext + start * C, t.dOut + start * C, ldY: C, offsets.out, rows: rows.count,
        worker: worker)
    }
  }

  /// The last layer where only first tokens ask: the input's gradient is spread from B rows to T,
  /// and the query's products, over B rows, are done here.
  private func firstInputsBackward(
    _ plan: ActivationPlan, _ batch: PackedBatch, _ layer: Int,
    residual: UnsafeMutablePointer<Float>
  ) {
    let C = plan.C
    let t = plan.temporaries(arena.base)
    let offsets = layout.layers[layer]
    let dQuery = t.dInputs + 2 * plan.T * C
    projectBack(residual, dQuery, ldY: C, offsets.query, rows: plan.B, beta: 1, worker: 0)
    profile.measure(.reductions, 0) {
      t.dStates.update(repeating: 0, count: plan.T * C)
      for s in 0..<plan.B {
        (t.dStates + batch.offsets[s] * C).update(from: residual + s * C, count: C)
      }
      addColumnSums(d(offsets.qkvBias), dQuery, rows: plan.B, columns: C)
    }
  }

  /// The gradients of a layer's weights and biases, and the rest of that of its input, which joins
  /// `dStates`.
  private func productsBackward(
    _ plan: ActivationPlan, _ layer: Int, _ dOutput: UnsafeMutablePointer<Float>, accumulate: Bool
  ) {
    let C = plan.C
    let offsets = layout.layers[layer]
    let t = plan.temporaries(arena.base)
    let first = plan.firstOnly(layer)
    let products = weightGradients(plan, layer)
    let skipped = first ? C : 0
    let N = 3 * C - skipped
    let weightPieces = products.reduce(0) { $0 + $1.pieces }
    let queryPiece = first ? 1 : 0
    packGradientOperands(products)
    pool.run(plan.rowChunks + weightPieces + queryPiece + 1) { index, worker in
      var piece = index
      if piece < plan.rowChunks {
        let rows = plan.chunk(piece, rows: plan.T)
        guard !rows.isEmpty else { return }
        let dStates = t.dStates + rows.lowerBound * C
        let dInputs = t.dInputs + rows.lowerBound * N
        if !first {
          projectBack(
            dStates, dInputs, ldY: N, offsets.query, rows: rows.count, beta: 1, worker: worker)
        }
        projectBack(
          dStates, dInputs + N - 2 * C, ldY: N, offsets.keyValue, rows: rows.count, beta: 1,
          worker: worker)
        return
      }
      piece -= plan.rowChunks
      guard piece < weightPieces else {
        piece -= weightPieces
        if piece < queryPiece {
          profile.measure(.products, worker) {
            multiplyFirstTransposed(
              d(offsets.qkvWeight), ldOut: C, t.dInputs + 2 * plan.T * C, ldX: C,
              plan.layer(layer, arena.base).firstInputs, ldY: C, M: C, N: C, K: plan.B,
              beta: accumulate ? 1 : 0)
          }
        } else {
          profile.measure(.reductions, worker) {
            addColumnSums(
              d(offsets.qkvBias + skipped), t.dInputs, rows: plan.T, columns: N)
            addPartials(plan, layer)
          }
        }
        return
      }
      for product in products {
        if piece < product.pieces {
          return weightGradient(product, piece, accumulate: accumulate, worker)
        }
        piece -= product.pieces
      }
    }
  }

  /// The gradients of a layer's weights: down, up, inputs, out.
  private func weightGradients(_ plan: ActivationPlan, _ layer: Int) -> [WeightGradient] {
    let C = plan.C
    let F = plan.F
    let offsets = layout.layers[layer]
    let blocks = plan.layer(layer, arena.base)
    let t = plan.temporaries(arena.base)
    let rows = plan.queryRows(layer)
    let skipped = plan.firstOnly(layer) ? C : 0
    let N = 3 * C - skipped
    // A few pieces for each thread, wide enough that OpenBLAS packs little twice.
    let share = max(2, plan.rowChunks / 2)
    var words = 0
    func gradient(
      _ dW: Int, N: Int, K: Int, _ dY: UnsafeMutablePointer<Float>,
      _ x: UnsafeMutablePointer<Float>, rows: Int, pieces: Int
    ) -> WeightGradient {
      defer { words += BFloat16Products.gradientWords(N: N, K: K, rows: rows) }
      return WeightGradient(
        dW: dW, N: N, K: K, dY: dY, x: x, rows: rows, pieces: pieces, left: words,
        right: words + BFloat16Products.leftWords(K: rows, M: N))
    }
    return [
      gradient(
        offsets.downWeight, N: C, K: F, t.dDown, blocks.activated, rows: rows, pieces: share),
      gradient(offsets.upWeight, N: F, K: C, t.dUp, blocks.output1, rows: rows, pieces: 2 * share),
      gradient(
        offsets.qkvWeight + skipped * C, N: N, K: C, t.dInputs, plan.input(layer, arena.base),
        rows: plan.T, pieces: 2 * share),
      gradient(offsets.outWeight, N: C, K: C, t.dOut, blocks.context, rows: rows, pieces: share),
    ]
  }

  /// Adds the chunks' sums to the gradients of biases and norms, in the order of the chunks.
  private func addPartials(_ plan: ActivationPlan, _ layer: Int) {
    let C = plan.C
    let offsets = layout.layers[layer]
    for chunk in 0..<plan.rowChunks {
      let partials = plan.partials(chunk, arena.base)
      func add(_ target: Int, _ source: Int, _ count: Int) {
        let out = d(target)
        let x = partials + source
        for i in 0..<count { out[i] += x[i] }
      }
      add(offsets.norm2Gain, 0, C)
      add(offsets.norm2Offset, C, C)
      add(offsets.downBias, 2 * C, C)
      add(offsets.norm1Gain, 3 * C, C)
      add(offsets.norm1Offset, 4 * C, C)
      add(offsets.outBias, 5 * C, C)
      add(offsets.upBias, 9 * C, plan.F)
    }
  }
}
