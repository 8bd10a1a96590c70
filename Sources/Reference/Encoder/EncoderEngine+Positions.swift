// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Basics

/// The table of relative positions of DeBERTa-v3: R of its rows are used. It is normalised once a
/// pass; every layer draws its own dropout of it and projects it by its own query and key weights
/// and biases, for all sequences at once.
extension EncoderEngine {
  /// The table's blocks of this pass: computed anew in training; in inference once, until a weight
  /// changes.
  func relativeForward(_ plan: ActivationPlan) -> RelativeBlocks? {
    guard let relative else { return nil }
    if !plan.training, let blocks = relative.blocks { return blocks }
    let blocks =
      plan.relative ?? relative.makeBlocks(C: plan.C, layerCount: plan.layerCount)
    let (C, norm) = (plan.C, norm(layout.relativeNorm))
    pool.run(plan.rowChunks) { chunk, worker in
      profile.measure(.positions, worker) {
        for r in plan.chunk(chunk, rows: blocks.rows.count) {
          let x = blocks.normalised + r &* C
          x.update(from: p(layout.relativeTable + (blocks.rows.lowerBound + r) * C), count: C)
          blocks.rstd[r] = norm.normalise(x, into: blocks.output + r &* C)
        }
      }
    }
    pool.run(plan.layerCount * plan.rowChunks) { index, worker in
      let layer = index / plan.rowChunks
      let rows = plan.chunk(index % plan.rowChunks, rows: blocks.rows.count)
      guard !rows.isEmpty else { return }
      projectPositions(plan, blocks, layer, rows, worker)
    }
    return blocks
  }

  private func projectPositions(
    _ plan: ActivationPlan, _ blocks: RelativeBlocks, _ layer: Int, _ rows: Range<Int>,
    _ worker: Int
  ) {
    let (C, offsets) = (plan.C, layout.layers[layer])
    let (input, projections) = blocks.layers[layer]
    let x = input + rows.lowerBound * C
    if input != blocks.output {
      x.update(from: blocks.output + rows.lowerBound * C, count: rows.count * C)
      dropPositions(x, plan, layer, rows, worker)
    }
    let out = projections + rows.lowerBound * 2 * C
    project(out, ldOut: 2 * C, x, offsets.query, rows: rows.count, worker: worker)
    project(
      out + C, ldOut: 2 * C, x, offsets.key, rows: rows.count, worker: worker,
      operand: .packedBefore)
    profile.measure(.bias, worker) {
      addBias(out, bias: p(offsets.qkvBias), rows: rows.count, columns: 2 * C)
    }
  }

  /// Drops elements of a layer's draw of the table, or of its gradient.
  private func dropPositions(
    _ x: MutableFloats, _ plan: ActivationPlan, _ layer: Int, _ rows: Range<Int>, _ worker: Int
  ) {
    guard let mask = mask(layer, .relativeTable) else { return }
    let (C, scratch) = (plan.C, plan.scratch(worker))
    profile.measure(.positions, worker) {
      for (place, row) in rows.enumerated() {
        mask.apply(to: x + place * C, start: row * (C + C & 1), count: C, scratch: scratch)
      }
    }
  }

  /// The gradient of a layer's draw of the table, from that of its projections, added to that of the
  /// normalised table. `rows` count from the first row used.
  func positionsBackward(
    _ plan: ActivationPlan, _ blocks: RelativeBlocks, _ layer: Int, _ rows: Range<Int>,
    _ worker: Int
  ) {
    let (C, offsets, start) = (plan.C, layout.layers[layer], rows.lowerBound)
    let (dx, dy) = (blocks.dInput + start * C, blocks.dProjections + start * 2 * C)
    projectBack(dx, dy, ldY: 2 * C, offsets.query, rows: rows.count, worker: worker)
    projectBack(dx, dy + C, ldY: 2 * C, offsets.key, rows: rows.count, beta: 1, worker: worker)
    dropPositions(dx, plan, layer, rows, worker)
    let sums = blocks.dOutput + start * C
    profile.measure(.positions, worker) {
      for i in 0..<(rows.count * C) { sums[i] += dx[i] }
    }
  }

  /// The gradients of the table and of its norm, from that of the normalised table.
  func relativeTableBackward(_ plan: ActivationPlan) {
    guard let blocks = plan.relative else { return }
    let (C, norm) = (plan.C, norm(layout.relativeNorm))
    let (dGain, dOffset) = (d(layout.relativeNorm.gain), d(layout.relativeNorm.offset))
    profile.measure(.positions, 0) {
      for r in 0..<blocks.rows.count {
        let dRow = blocks.dOutput + r * C
        norm.differentiate(
          dRow, blocks.normalised + r * C, rstd: blocks.rstd[r], dgain: dGain, doffset: dOffset)
        let target = d(layout.relativeTable + (blocks.rows.lowerBound + r) * C)
        for i in 0..<C { target[i] += dRow[i] }
      }
    }
  }
}
