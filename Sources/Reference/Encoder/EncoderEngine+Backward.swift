// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Basics

/// Backward passes. Each layer has three parallel parts: rows (norms, feed-forward, attention
/// output), attention, and the products over all rows (weights' gradients, the input's gradient).
extension EncoderEngine {
  /// Computes a loss's gradient with respect to every parameter from that with respect to each
  /// prediction, (B, K), of the last ``forward(_:mode:predictions:)``, which must have been a training one.
  /// It is added to what is there with `accumulate`, and replaces it otherwise.
  /// - Parameter states: the loss's gradient with respect to the last hidden states, (T, C), where it
  ///   reads them beside the predictions; after a forward pass with every token.
  public func backward(_ gradient: [Float], states: [Float]? = nil, accumulate: Bool) {
    guard let plan, let batch, plan.training else {
      preconditionFailure("a backward pass follows a training forward pass")
    }
    precondition(gradient.count == plan.B * outputCount, "one gradient for each prediction")
    if !accumulate { clearGradients() }
    plan.relative.map { $0.dOutput.update(repeating: 0, count: $0.rows.count * plan.C) }
    var dOutput = headBackward(plan, gradient)
    if !plan.firstOnly(plan.layerCount - 1) {
      spread(dOutput, plan, batch)
      dOutput = plan.temporaries.dStates
    }
    if let states {
      precondition(plan.everyToken && states.count == plan.T * plan.C, "a gradient a state")
      for i in states.indices { dOutput[i] += states[i] }
    }
    for layer in (0..<plan.layerCount).reversed() {
      rowsBackward(plan, layer, dOutput)
      attentionBackward(plan, batch, layer)
      if plan.firstOnly(layer) { firstInputsBackward(plan, batch, layer, residual: dOutput) }
      productsBackward(plan, layer, dOutput, accumulate: accumulate)
      dOutput = plan.temporaries.dStates
    }
    relativeTableBackward(plan)
    embeddingBackward(plan, batch, dOutput)
  }

  /// Zeroes what the pass adds to; the layers' weights are overwritten instead.
  private func clearGradients() {
    let C = configuration.hiddenSize
    for row in 0..<rowHasGradient.count where rowHasGradient[row] {
      d(layout.wordTable + row * C).update(repeating: 0, count: C)
      rowHasGradient[row] = false
    }
    let embeddingsEnd = layout.embeddingNorm.offset + C
    d(layout.positionTable).update(repeating: 0, count: embeddingsEnd - layout.positionTable)
    for layer in layout.layers {
      d(layer.small.lowerBound).update(repeating: 0, count: layer.small.count)
    }
    d(layout.headStart).update(repeating: 0, count: layout.count - layout.headStart)
  }

  /// Spreads the gradient of the first tokens' states, (B, C), over `dStates`, (T, C).
  private func spread(_ dFirst: MutableFloats, _ plan: ActivationPlan, _ batch: PackedBatch) {
    let (C, dStates) = (plan.C, plan.temporaries.dStates)
    dStates.update(repeating: 0, count: plan.T * C)
    for s in 0..<plan.B { (dStates + batch.offsets[s] * C).update(from: dFirst + s * C, count: C) }
  }

  /// From the gradient of a layer's output, `dOutput` (Tq, C), to that of the context. `dOutput`
  /// becomes the gradient of the layer's residual input.
  private func rowsBackward(_ plan: ActivationPlan, _ layer: Int, _ dOutput: MutableFloats) {
    let (C, F, t) = (plan.C, plan.F, plan.temporaries)
    let (offsets, blocks) = (layout.layers[layer], plan.layers[layer])
    pool.run(plan.rowChunks) { chunk, worker in
      let partials = plan.partials(chunk)
      partials.update(repeating: 0, count: 9 * C + F)
      let rows = plan.chunk(chunk, rows: plan.queryRows(layer))
      guard !rows.isEmpty else { return }
      let (start, scratch) = (rows.lowerBound, plan.scratch(worker))
      let dRows = dOutput + start * C
      profile.measure(.layerNorm, worker) {
        norm(offsets.norm2).backward(
          dRows, dx: t.dDown + start * C, normalised: blocks.normalised2 + start * C,
          rstd: blocks.rstd2 + start, dgain: partials, doffset: partials + C,
          dbias: partials + 2 * C, rows: rows.count, rowOffset: start,
          mask: mask(layer, .feedForwardOutput), scratch: scratch)
      }
      expandBackward(plan, layer, rows, dbias: partials + 9 * C, worker)
      projectBack(
        dRows, t.dUp + start * F, ldY: F, offsets.up, rows: rows.count, beta: 1, worker: worker,
        operand: .activated)
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
    let (C, offsets) = (plan.C, layout.layers[layer])
    let dQuery = plan.temporaries.dInputs + 2 * plan.T * C
    projectBack(residual, dQuery, ldY: C, offsets.query, rows: plan.B, beta: 1, worker: 0)
    profile.measure(.reductions, 0) {
      spread(residual, plan, batch)
      addColumnSums(d(offsets.qkvBias), dQuery, rows: plan.B, columns: C)
    }
  }

  /// The gradients of a layer's weights and biases, and the rest of that of its input, which joins
  /// `dStates`.
  private func productsBackward(
    _ plan: ActivationPlan, _ layer: Int, _ dOutput: MutableFloats, accumulate: Bool
  ) {
    let (C, offsets, t) = (plan.C, layout.layers[layer], plan.temporaries)
    let first = plan.firstOnly(layer)
    let skipped = first ? C : 0
    let N = 3 * C - skipped
    let products = weightGradients(plan, layer)
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
    for product in plan.relative == nil ? products : products.dropLast() {
      for piece in 0..<product.pieces {
        tasks.append { [self] in weightGradient(product, piece, accumulate: accumulate, $0) }
      }
    }
    if first {
      tasks.append { [self] worker in
        profile.measure(.products, worker) {
          multiply(
            d(offsets.query.offset), ldOut: C, t.dInputs + 2 * plan.T * C, ldX: C,
            plan.layers[layer].firstInputs, ldY: C, M: C, N: C, K: plan.B, transposed: .first,
            beta: accumulate ? 1 : 0)
        }
      }
    }
    tasks.append { [self] worker in
      profile.measure(.reductions, worker) {
        addColumnSums(d(offsets.qkvBias + skipped), t.dInputs, rows: plan.T, columns: N)
        if let relative = plan.relative {
          addColumnSums(
            d(offsets.qkvBias), relative.dProjections, rows: relative.rows.count, columns: 2 * C)
        }
        addPartials(plan, layer)
      }
    }
    if let relative = plan.relative {
      for chunk in 0..<plan.rowChunks {
        let rows = plan.chunk(chunk, rows: relative.rows.count)
        guard !rows.isEmpty else { continue }
        tasks.append { [self] in positionsBackward(plan, relative, layer, rows, $0) }
      }
    }
    pool.run(tasks.count) { tasks[$0]($1) }
    if let positions = products.last, plan.relative != nil {
      pool.run(positions.pieces) { weightGradient(positions, $0, accumulate: true, $1) }
    }
  }

  /// The gradients of a layer's weights: down, up, inputs, out, and with relative positions what
  /// their table adds to those of queries and keys.
  private func weightGradients(_ plan: ActivationPlan, _ layer: Int) -> [WeightGradient] {
    let (offsets, blocks, t) = (layout.layers[layer], plan.layers[layer], plan.temporaries)
    let rows = plan.queryRows(layer)
    // A few pieces for each thread, wide enough that OpenBLAS packs little twice.
    let share = max(2, plan.rowChunks / 2)
    var words = 0
    func gradient(
      _ weight: WeightMatrix, _ dY: MutableFloats, _ x: MutableFloats, rows: Int, pieces: Int
    ) -> WeightGradient {
      defer { words += BFloat16Products.gradientWords(N: weight.N, K: weight.K, rows: rows) }
      return WeightGradient(
        weight: weight, dY: dY, x: x, rows: rows, pieces: pieces,
        left: words + BFloat16Products.rightWords(K: rows, N: weight.K), right: words)
    }
    var products = [
      gradient(offsets.down, t.dDown, blocks.activated, rows: rows, pieces: share),
      gradient(offsets.up, t.dUp, blocks.output1, rows: rows, pieces: 2 * share),
      gradient(
        plan.firstOnly(layer) ? offsets.keyValue : offsets.inputs, t.dInputs, plan.input(layer),
        rows: plan.T, pieces: 2 * share),
      gradient(offsets.out, t.dOut, blocks.context, rows: rows, pieces: share),
    ]
    if let relative = plan.relative {
      products.append(
        gradient(
          offsets.queryKey, relative.dProjections, relative.layers[layer].input,
          rows: relative.rows.count, pieces: 2 * share))
    }
    return products
  }

  /// Adds the chunks' sums to the gradients of biases and norms, in the order of the chunks.
  private func addPartials(_ plan: ActivationPlan, _ layer: Int) {
    let (C, offsets) = (plan.C, layout.layers[layer])
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
  /// The Euclidean norm of the gradient over all parameters.
  public func gradientNorm() -> Double {
    precondition(gradients.count > 0, "a norm follows a backward pass")
    // One slot a piece: the order of the addition does not depend on the threads.
    let sums = MemoryRegion<Double>(count: wordPieces + densePieces)
    eachPiece { piece, offset, count, row in
      guard row.map({ rowHasGradient[$0] }) ?? true else { return }
      sums.base[piece] += sumOfSquares(d(offset), count)
    }
    return sums[0..<sums.count].reduce(0, +).squareRoot()
  }

  /// Moves the parameters by one AdamW step along the gradient. `step` counts from 1;
  /// `gradientScale` multiplies the gradient first, for clipping.
  public func update(_ optimizer: AdamW, learningRate: Double, step: Int, gradientScale: Double) {
    precondition(gradients.count > 0, "an update follows a backward pass")
    weightsChanged()
    let constants = AdamWConstants(
      optimizer, learningRate: learningRate, step: step, gradientScale: gradientScale)
    eachPiece { _, offset, count, row in
      if row.map({ rowHasMoments[$0] }) ?? true {
        constants.update(
          p(offset), gradient: d(offset), m: firstMoments.base + offset,
          v: secondMoments.base + offset, count: count)
      } else {
        constants.decayOnly(p(offset), count: count)
      }
    }
  }

  private var wordPieces: Int { (configuration.vocabularySize + 511) / 512 }
  private var densePieces: Int { (layout.count - layout.positionTable + 0x1FFFF) >> 17 }

  /// Runs `body` in parallel on the rows of the word table, 512 a piece, and on the rest of the
  /// parameters, 2^17 a piece, which is no row.
  private func eachPiece(_ body: (_ piece: Int, _ offset: Int, _ count: Int, _ row: Int?) -> Void) {
    let C = configuration.hiddenSize
    pool.run(wordPieces + densePieces) { piece, worker in
      profile.measure(.update, worker) {
        if piece < wordPieces {
          for row in piece * 512..<min(configuration.vocabularySize, (piece + 1) * 512) {
            body(piece, layout.wordTable + row * C, C, row)
          }
        } else {
          let start = layout.positionTable + ((piece - wordPieces) << 17)
          body(piece, start, min(layout.count - start, 1 << 17), nil)
        }
      }
    }
  }
}
