// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Basics

/// Attention, forward and backward, one sequence and head a piece. In a piece: n tokens, q queries
/// (n, or 1 where only first tokens ask), D channels of the head.
extension EncoderEngine {
  /// What a piece works on.
  private struct AttentionPiece {
    let n, q: Int
    /// Row of the first query among the layer's, and first channel of the head.
    let queryRow: Int
    let channel: Int
    let query, key, value, probabilities: MutableFloats
    /// Its first index in the mask's stream.
    let stream: Int
  }

  private func piece(_ index: Int, _ plan: ActivationPlan, _ batch: PackedBatch, _ layer: Int)
    -> AttentionPiece
  {
    let (blocks, first) = (plan.layers[layer], plan.firstOnly(layer))
    let (s, h) = (index / plan.H, index % plan.H)
    let n = batch.length(s)
    let q = first ? 1 : n
    // A sequence's probabilities start behind those of the sequences before it. Summing up again
    // is cheap beside the piece, and saves a table.
    var before = 0
    var streamBefore = 0
    for other in 0..<s {
      let length = batch.length(other)
      let queries = first ? 1 : length
      before += queries * length
      streamBefore += queries * (length + length & 1)
    }
    let (queryRow, channel) = (first ? s : batch.offsets[s], h * configuration.headSize)
    let tokenOffset = batch.offsets[s] * blocks.keyStride + channel
    return AttentionPiece(
      n: n, q: q, queryRow: queryRow, channel: channel,
      query: blocks.query + queryRow * blocks.queryStride + channel, key: blocks.key + tokenOffset,
      value: blocks.value + tokenOffset,
      probabilities: blocks.probabilities + plan.H * before + h * q * n,
      stream: plan.H * streamBefore + h * q * (n + n & 1))
  }

  /// context = dropout(softmax(q·kᵀ/√D))·v.
  func attentionForward(_ plan: ActivationPlan, _ batch: PackedBatch, _ layer: Int) {
    if plan.firstOnly(layer) { projectFirstQueries(plan, batch, layer) }
    let blocks = plan.layers[layer]
    let mask = mask(layer, .attention)
    let D = configuration.headSize
    let C = plan.C
    let scale = 1 / Float(D).squareRoot()
    pool.run(plan.B * plan.H) { index, worker in
      let piece = piece(index, plan, batch, layer)
      let n = piece.n
      let (query, key, value) = (piece.query, piece.key, piece.value)
      let scores = piece.probabilities
      profile.measure(.attentionProducts, worker) {
        multiply(
          scores, ldOut: n, query, ldX: blocks.queryStride, key, ldY: blocks.keyStride, M: piece.q,
          N: n, K: D, transposed: .second, scale: scale)
      }
      var kept = scores
      profile.measure(.softmax, worker) {
        softmaxForward(scores, rows: piece.q, columns: n)
        if let mask {
          kept = plan.scratch(worker)
          dropProbabilities(
            scores, kept: kept, rows: piece.q, columns: n, start: piece.stream, mask: mask)
        }
      }
      profile.measure(.attentionProducts, worker) {
        multiply(
          blocks.context + piece.queryRow * C + piece.channel, ldOut: C, kept, ldX: n, value,
          ldY: blocks.keyStride, M: piece.q, N: D, K: n)
      }
    }
  }

  /// The gradients of queries, keys and values from that of the context, written over whatever
  /// `dInputs` held. They stand there as the layer's inputs do.
  func attentionBackward(_ plan: ActivationPlan, _ batch: PackedBatch, _ layer: Int) {
    let blocks = plan.layers[layer]
    let temporaries = plan.temporaries
    let shift = temporaries.dInputs - blocks.inputs
    let keepScale = mask(layer, .attention)?.scale ?? 1
    let D = configuration.headSize
    let C = plan.C
    let scale = 1 / Float(D).squareRoot()
    pool.run(plan.B * plan.H) { index, worker in
      let piece = piece(index, plan, batch, layer)
      let n = piece.n
      let q = piece.q
      let ld = blocks.keyStride
      let (query, key, value) = (piece.query, piece.key, piece.value)
      let kept = plan.scratch(worker)
      let dScores = kept + q * n
      let dContext = temporaries.dContext + piece.queryRow * C + piece.channel
      profile.measure(.softmax, worker) {
        keptProbabilities(kept, from: piece.probabilities, count: q * n, scale: keepScale)
      }
      profile.measure(.attentionProducts, worker) {
        multiply(
          value + shift, ldOut: ld, kept, ldX: n, dContext, ldY: C, M: n, N: D, K: q,
          transposed: .first)
        multiply(
          dScores, ldOut: n, dContext, ldX: C, value, ldY: ld, M: q, N: n, K: D, transposed: .second
        )
      }
      profile.measure(.softmax, worker) {
        softmaxBackward(
          dScores, p: piece.probabilities, rows: q, columns: n, scale: keepScale, scoreScale: scale)
      }
      profile.measure(.attentionProducts, worker) {
        multiply(
          query + shift, ldOut: blocks.queryStride, dScores, ldX: n, key, ldY: ld, M: q, N: D, K: n)
        multiply(
          key + shift, ldOut: ld, dScores, ldX: n, query, ldY: blocks.queryStride, M: n, N: D, K: q,
          transposed: .first)
      }
    }
  }
}
