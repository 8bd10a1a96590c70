// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Basics

/// The embeddings' backward pass.
extension EncoderEngine {
  /// Gradients of the three tables and the norm, from that of the embeddings, `dOutput` (T, C).
  ///
  /// The padding token's row gets none, as in PyTorch; with RoBERTa its position's row neither.
  func embeddingBackward(
    _ plan: ActivationPlan, _ batch: PackedBatch, _ dOutput: UnsafeMutablePointer<Float>
  ) {
    let C = plan.C
    let blocks = plan.embedding(arena.base)
    let norm = norm(gain: layout.embeddingGain, offset: layout.embeddingOffset)
    let mask = mask(0, .embeddings)
    pool.run(plan.rowChunks) { chunk, worker in
      let partials = plan.partials(chunk, arena.base)
      partials.update(repeating: 0, count: 2 * C)
      profile.measure(.embedding, worker) {
        let scratch = plan.scratch(worker, arena.base)
        for t in plan.chunk(chunk, rows: plan.T) {
          let dRow = dOutput + t &* C
          if let mask {
            mask.write(scratch, start: t &* C, count: C)
            for i in 0..<C { dRow[i] *= scratch[i] }
          }
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
      let partials = plan.partials(chunk, arena.base)
      for i in 0..<C {
        d(layout.embeddingGain)[i] += partials[i]
        d(layout.embeddingOffset)[i] += partials[C + i]
      }
    }
  }

  /// Adds each row to its word's, position's and type's; the channels are shared out, so that no
  /// two threads add to one element.
  private func scatter(
    _ plan: ActivationPlan, _ batch: PackedBatch, _ dRows: UnsafeMutablePointer<Float>
  ) {
    let C = plan.C
    let padding = configuration.paddingToken
    let skipsPosition = configuration.kind == .roberta
    let width = 64
    pool.run((C + width - 1) / width) { piece, worker in
      let start = piece * width
      let count = min(width, C - start)
      profile.measure(.embedding, worker) {
        for t in 0..<plan.T {
          let x = dRows + t &* C + start
          let token = Int(batch.tokens[t])
          let position = Int(batch.positions[t])
          if token != padding {
            let word = d(layout.wordTable + token &* C + start)
            for i in 0..<count { word[i] += x[i] }
          }
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
