// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Basics

/// Backward passes. Each layer has three parallel parts: rows (norms, feed-forward, attention
/// output), attention, and the products over all rows (weights' gradients, the input's gradient).
extension EncoderEngine {
  /// Computes the gradient of a loss with respect to every parameter, for the batch of the last
  /// ``forward(_:mode:predictions:)``, which must have been a training one. `gradient` is the
  /// loss's with respect to each prediction. The result is added to what is there with
  /// `accumulate`, and replaces it otherwise.
  public func backward(_ gradient: [Float], accumulate: Bool) {
    guard let plan, let batch, plan.training else {
      preconditionFailure("a backward pass follows a training forward pass")
    }
    precondition(gradient.count == plan.B, "one gradient for each prediction")
    clearGradients(accumulate: accumulate)
    let dFirst = headBackward(plan, gradient)
    let temporaries = plan.temporaries
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
      if plan.firstOnly(layer) { firstInputsBackward(plan, batch, layer, residual: dOutput) }
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
    let embeddingsEnd = layout.embeddingNorm.offset + C
    d(layout.positionTable).update(repeating: 0, count: embeddingsEnd - layout.positionTable)
    for layer in layout.layers {
      d(layer.small).update(repeating: 0, count: layer.end - layer.small)
    }
    d(layout.headStart).update(repeating: 0, count: layout.count - layout.headStart)
  }

  /// From the gradient of a layer's output, `dOutput` (Tq, C), to that of the context. `dOutput`
  /// becomes the gradient of the layer's residual input.
  private func rowsBackward(_ plan: ActivationPlan, _ layer: Int, _ dOutput: MutableFloats) {
    let (C, F) = (plan.C, plan.F)
    let (offsets, blocks) = (layout.layers[layer], plan.layers[layer])
    let t = plan.temporaries
    pool.run(plan.rowChunks) { chunk, worker in
      let partials = plan.partials(chunk)
      partials.update(repeating: 0, count: 9 * C + F)
      let rows = plan.chunk(chunk, rows: plan.queryRows(layer))
      guard !rows.isEmpty else { return }
      let start = rows.lowerBound
      let scratch = plan.scratch(worker)
      let dRows = dOutput + start * C
      profile.measure(.layerNorm, worker) {
        norm(offsets.norm2).backward(
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
        norm(offsets.norm1).backward(
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
    _ plan: ActivationPlan, _ batch: PackedBatch, _ layer: Int, residual: MutableFloats
  ) {
    let C = plan.C
    let t = plan.temporaries
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
    _ plan: ActivationPlan, _ layer: Int, _ dOutput: MutableFloats, accumulate: Bool
  ) {
    let C = plan.C
    let offsets = layout.layers[layer]
    let t = plan.temporaries
    let first = plan.firstOnly(layer)
    let products = weightGradients(plan, layer)
    let skipped = first ? C : 0
    let N = 3 * C - skipped
    packGradientOperands(products)
    var tasks: [(_ worker: Int) -> Void] = (0..<plan.rowChunks).map { chunk in
      { [self] worker in
        let rows = plan.chunk(chunk, rows: plan.T)
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
      }
    }
    for product in products {
      for piece in 0..<product.pieces {
        tasks.append { [self] in weightGradient(product, piece, accumulate: accumulate, $0) }
      }
    }
    if first {
      tasks.append { [self] worker in
        profile.measure(.products, worker) {
          multiply(
            d(offsets.qkvWeight), ldOut: C, t.dInputs + 2 * plan.T * C, ldX: C,
            plan.layers[layer].firstInputs, ldY: C, M: C, N: C, K: plan.B, transposed: .first,
            beta: accumulate ? 1 : 0)
        }
      }
    }
    tasks.append { [self] worker in
      profile.measure(.reductions, worker) {
        addColumnSums(d(offsets.qkvBias + skipped), t.dInputs, rows: plan.T, columns: N)
        addPartials(plan, layer)
      }
    }
    pool.run(tasks.count) { tasks[$0]($1) }
  }

  /// The gradients of a layer's weights: down, up, inputs, out.
  private func weightGradients(_ plan: ActivationPlan, _ layer: Int) -> [WeightGradient] {
    let (C, F) = (plan.C, plan.F)
    let (offsets, blocks) = (layout.layers[layer], plan.layers[layer])
    let t = plan.temporaries
    let rows = plan.queryRows(layer)
    let skipped = plan.firstOnly(layer) ? C : 0
    let N = 3 * C - skipped
    // A few pieces for each thread, wide enough that OpenBLAS packs little twice.
    let share = max(2, plan.rowChunks / 2)
    var words = 0
    func gradient(
      _ dW: Int, N: Int, K: Int, _ dY: MutableFloats, _ x: MutableFloats, rows: Int, pieces: Int
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
        offsets.qkvWeight + skipped * C, N: N, K: C, t.dInputs, plan.input(layer), rows: plan.T,
        pieces: 2 * share),
      gradient(offsets.outWeight, N: C, K: C, t.dOut, blocks.context, rows: rows, pieces: share),
    ]
  }

  /// Adds the chunks' sums to the gradients of biases and norms, in the order of the chunks.
  private func addPartials(_ plan: ActivationPlan, _ layer: Int) {
    let C = plan.C
    let offsets = layout.layers[layer]
    let targets = [offsets.norm2, offsets.norm1].flatMap { [$0.gain, $0.offset, $0.bias] }
    for chunk in 0..<plan.rowChunks {
      let partials = plan.partials(chunk)
      for (place, target) in targets.enumerated() {
        for i in 0..<C { d(target)[i] += partials[place * C + i] }
      }
      for i in 0..<plan.F { d(offsets.upBias)[i] += partials[9 * C + i] }
    }
  }

}

/// The gradient's norm and the AdamW step.
extension EncoderEngine {
  /// Elements of a piece of the dense part, and rows of a piece of the word table.
  private static let pieceFloats = 1 << 17
  private static let pieceRows = 512

  private var wordPieces: Int {
    (configuration.vocabularySize + Self.pieceRows - 1) / Self.pieceRows
  }
  private var densePieces: Int {
    (layout.count - layout.positionTable + Self.pieceFloats - 1) / Self.pieceFloats
  }

  /// The Euclidean norm of the gradient over all parameters.
  public func gradientNorm() -> Double {
    precondition(gradients.count > 0, "a norm follows a backward pass")
    let C = configuration.hiddenSize
    // One slot a piece: the order of the addition does not depend on the threads.
    let slots = wordPieces + densePieces
    if normSlots.count != slots { normSlots = Array(repeating: 0, count: slots) }
    normSlots.withUnsafeMutableBufferPointer { sums in
      let sums = sums.baseAddress
      pool.run(slots) { piece, worker in
        profile.measure(.update, worker) {
          var total = 0.0
          if piece < wordPieces {
            for row in wordRows(piece) where rowHasGradient[row] {
              total += sumOfSquares(d(layout.wordTable + row * C), C)
            }
          } else {
            let range = denseRange(piece - wordPieces)
            total = sumOfSquares(d(range.lowerBound), range.count)
          }
          sums?[piece] = total
        }
      }
    }
    return normSlots.reduce(0, +).squareRoot()
  }

  /// Moves the parameters by one AdamW step along the gradient. `step` counts from 1;
  /// `gradientScale` multiplies the gradient first, for clipping.
  public func update(_ optimizer: AdamW, learningRate: Double, step: Int, gradientScale: Double) {
    precondition(gradients.count > 0, "an update follows a backward pass")
    reduced?.invalidate()
    let constants = AdamWConstants(
      optimizer, learningRate: learningRate, step: step, gradientScale: gradientScale)
    let C = configuration.hiddenSize
    pool.run(wordPieces + densePieces) { piece, worker in
      profile.measure(.update, worker) {
        if piece < wordPieces {
          for row in wordRows(piece) {
            let offset = layout.wordTable + row * C
            if rowHasMoments[row] {
              apply(constants, offset, C)
            } else {
              constants.decayOnly(p(offset), count: C)
            }
          }
        } else {
          let range = denseRange(piece - wordPieces)
          apply(constants, range.lowerBound, range.count)
        }
      }
    }
  }

  private func apply(_ constants: AdamWConstants, _ offset: Int, _ count: Int) {
    constants.update(
      p(offset), gradient: d(offset), m: firstMoments.base + offset, v: secondMoments.base + offset,
      count: count)
  }

  private func wordRows(_ piece: Int) -> Range<Int> {
    let start = piece * Self.pieceRows
    return start..<min(configuration.vocabularySize, start + Self.pieceRows)
  }

  private func denseRange(_ piece: Int) -> Range<Int> {
    let start = layout.positionTable + piece * Self.pieceFloats
    return start..<min(layout.count, start + Self.pieceFloats)
  }
}
