// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Glibc

/// The head on the first token's state: B rows, little work, one thread.
extension EncoderEngine {
  /// Appends B predictions. `head.input` keeps the projection's or dense layer's input.
  func headForward(_ plan: ActivationPlan, _ batch: PackedBatch, _ predictions: inout [Float]) {
    let C = plan.C
    let last = plan.layerCount - 1
    let states = plan.layers[last].output
    let blocks = plan.head
    profile.measure(.head, 0) {
      for s in 0..<plan.B {
        let row = plan.firstOnly(last) ? s : batch.offsets[s]
        (blocks.input + s * C).update(from: states + row * C, count: C)
      }
      var projected = blocks.input
      if head == .classification {
        if configuration.kind == .roberta { drop(blocks.input, .headInput, plan) }
        multiply(
          blocks.hidden, ldOut: C, blocks.input, ldX: C, p(layout.denseWeight), ldY: C, M: plan.B,
          N: C, K: C, transposed: .second)
        addBias(blocks.hidden, bias: p(layout.denseBias), rows: plan.B, columns: C)
        for i in 0..<(plan.B * C) { blocks.hidden[i] = tanhf(blocks.hidden[i]) }
        blocks.dropped.update(from: blocks.hidden, count: plan.B * C)
        drop(blocks.dropped, .headHidden, plan)
        projected = blocks.dropped
      } else {
        drop(blocks.input, .headInput, plan)
      }
      let weight = p(layout.projectionWeight)
      for s in 0..<plan.B {
        let row = projected + s * C
        predictions.append(reduce(C) { row[$0] * weight[$0] } + p(layout.projectionBias)[0])
      }
    }
  }

  /// The first tokens' last hidden states, (B, C) row-major, of the latest forward pass, which must
  /// have been one of inference: a training pass drops elements of them.
  package var firstTokenStates: [Float] {
    guard let plan, !plan.training else { preconditionFailure("a pass of inference comes first") }
    let states = plan.head.input
    // The head's input block holds B · C floats.
    return Array(UnsafeBufferPointer(start: states, count: plan.B * plan.C))
  }

  /// Drops elements of (B, C) in place.
  private func drop(_ x: MutableFloats, _ site: DropoutSite, _ plan: ActivationPlan) {
    guard let mask = mask(0, site) else { return }
    let scratch = plan.scratch(0)
    for s in 0..<plan.B {
      mask.write(scratch, start: s * (plan.C + plan.C & 1), count: plan.C)
      for i in 0..<plan.C { x[s * plan.C + i] *= scratch[i] }
    }
  }

  /// Adds the head's gradients, and returns that of the first tokens' states, (B, C).
  func headBackward(_ plan: ActivationPlan, _ gradient: [Float]) -> MutableFloats {
    let C = plan.C
    let blocks = plan.head
    let dx = plan.temporaries.dFirsts
    let dHidden = blocks.gradient
    profile.measure(.head, 0) {
      let projected = head == .classification ? blocks.dropped : blocks.input
      let weight = p(layout.projectionWeight)
      let dWeight = d(layout.projectionWeight)
      for s in 0..<plan.B {
        let g = gradient[s]
        d(layout.projectionBias)[0] += g
        for i in 0..<C {
          dWeight[i] += g * projected[s * C + i]
          dHidden[s * C + i] = g * weight[i]
        }
      }
      guard head == .classification else {
        dx.update(from: dHidden, count: plan.B * C)
        drop(dx, .headInput, plan)
        return
      }
      drop(dHidden, .headHidden, plan)
      for i in 0..<(plan.B * C) { dHidden[i] *= 1 - blocks.hidden[i] * blocks.hidden[i] }
      addColumnSums(d(layout.denseBias), dHidden, rows: plan.B, columns: C)
      multiply(
        d(layout.denseWeight), ldOut: C, dHidden, ldX: C, blocks.input, ldY: C, M: C, N: C,
        K: plan.B, transposed: .first, beta: 1)
      multiply(dx, ldOut: C, dHidden, ldX: C, p(layout.denseWeight), ldY: C, M: plan.B, N: C, K: C)
      if configuration.kind == .roberta { drop(dx, .headInput, plan) }
    }
    return dx
  }
}
