// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Basics

/// Attention, forward and backward, of a sequence and head, a piece. In a piece: n tokens, q queries
/// (n, or 1 where only first tokens ask), D channels of the head.
extension EncoderEngine {
  /// What a piece works on. `place` is where its context begins in the layer's, `token` its first
  /// token in the batch, `stream` its first index in the mask's stream.
  typealias AttentionPiece = (
    n: Int, q: Int, place: Int, token: Int, channel: Int, query: MutableFloats,
    key: MutableFloats, value: MutableFloats, probabilities: MutableFloats, stream: Int
  )

  private func piece(_ index: Int, _ plan: ActivationPlan, _ batch: PackedBatch, _ layer: Int)
    -> AttentionPiece
  {
    let (blocks, first) = (plan.layers[layer], plan.firstOnly(layer))
    let (s, h) = (index / plan.H, index % plan.H)
    let n = batch.length(s)
    let q = first ? 1 : n
    // A sequence's probabilities stand behind those of the sequences before it.
    var (before, streamBefore) = (0, 0)
    for other in 0..<s {
      let length = batch.length(other)
      let queries = first ? 1 : length
      before += queries * scoreStride(length)
      streamBefore += queries * (length + length & 1)
    }
    let (queryRow, channel) = (first ? s : batch.offsets[s], h * configuration.headSize)
    let tokenOffset = batch.offsets[s] * blocks.keyStride + channel
    return (
      n, q, queryRow * plan.C + channel, batch.offsets[s], channel,
      blocks.query + queryRow * blocks.queryStride + channel,
      blocks.key + tokenOffset, blocks.value + tokenOffset,
      blocks.probabilities + plan.H * before + h * q * scoreStride(n),
      plan.H * streamBefore + h * q * (n + n & 1)
    )
  }

  /// The factor of the scores: 1/√D, and 1/√(3·D) where two position terms join the products.
  var scoreScale: Float {
    1 / Float(configuration.headSize * (relative == nil ? 1 : 3)).squareRoot()
  }

  /// context = dropout(softmax(q·kᵀ/√D))·v, position terms added before the softmax.
  func attentionForward(
    _ plan: ActivationPlan, _ batch: PackedBatch, _ layer: Int, _ table: RelativeBlocks?
  ) {
    if plan.firstOnly(layer) { projectFirstQueries(plan, batch, layer) }
    let (blocks, mask) = (plan.layers[layer], mask(layer, .attention))
    let (D, C, scale) = (configuration.headSize, plan.C, scoreScale)
    let terms = positionTerms(plan, batch, layer, table)
    pool.run(plan.B * plan.H) { index, worker in
      let piece = piece(index, plan, batch, layer)
      let (n, ld, scores) = (piece.n, scoreStride(piece.n), piece.probabilities)
      attentionProduct(
        scores, ldOut: ld, piece.query, ldX: blocks.queryStride, piece.key, ldY: blocks.keyStride,
        M: piece.q, N: n, K: D, transposed: .second, scale: scale, worker: worker)
      terms?.addScores(piece, plan.positionBlock(worker), worker)
      var kept = scores
      profile.measure(.softmax, worker) {
        softmaxForward(scores, rows: piece.q, columns: n)
        if let mask {
          kept = plan.scratch(worker)
          dropProbabilities(
            scores, kept: kept, rows: piece.q, columns: n, start: piece.stream, mask: mask)
        }
      }
      attentionProduct(
        blocks.context + piece.place, ldOut: C, kept, ldX: ld, piece.value, ldY: blocks.keyStride,
        M: piece.q, N: D, K: n, worker: worker)
    }
  }

  /// The gradients of queries, keys and values from that of the context, written over whatever
  /// `dInputs` held. They stand there as the layer's inputs do. With relative positions a thread does
  /// all sequences of a head, because all of them add to the gradient of the table's projections.
  func attentionBackward(_ plan: ActivationPlan, _ batch: PackedBatch, _ layer: Int) {
    let terms = positionTerms(plan, batch, layer, plan.relative)
    let pieces = plan.B * plan.H
    let step = terms == nil ? pieces : plan.H
    pool.run(step) { index, worker in
      terms?.clearGradients(head: index)
      for number in stride(from: index, to: pieces, by: step) {
        attentionBackward(piece(number, plan, batch, layer), plan, layer, terms, worker)
      }
    }
  }

  private func attentionBackward(
    _ piece: AttentionPiece, _ plan: ActivationPlan, _ layer: Int, _ terms: PositionTerms?,
    _ worker: Int
  ) {
    let (blocks, temporaries) = (plan.layers[layer], plan.temporaries)
    let shift = temporaries.dInputs - blocks.inputs
    let keepScale = mask(layer, .attention)?.scale ?? 1
    let (D, C) = (configuration.headSize, plan.C)
    let (n, q, ld, ldScores) = (piece.n, piece.q, blocks.keyStride, scoreStride(piece.n))
    let (query, key, value) = (piece.query, piece.key, piece.value)
    let kept = plan.scratch(worker)
    let (dScores, dContext) = (kept + q * ldScores, temporaries.dContext + piece.place)
    profile.measure(.softmax, worker) {
      keptProbabilities(kept, from: piece.probabilities, count: q * ldScores, scale: keepScale)
    }
    attentionProduct(
      value + shift, ldOut: ld, kept, ldX: ldScores, dContext, ldY: C, M: n, N: D, K: q,
      transposed: .first, worker: worker)
    attentionProduct(
      dScores, ldOut: ldScores, dContext, ldX: C, value, ldY: ld, M: q, N: n, K: D,
      transposed: .second,
      worker: worker)
    profile.measure(.softmax, worker) {
      softmaxBackward(
        dScores, p: piece.probabilities, rows: q, columns: n, scale: keepScale,
        scoreScale: scoreScale)
    }
    attentionProduct(
      query + shift, ldOut: blocks.queryStride, dScores, ldX: ldScores, key, ldY: ld, M: q, N: D,
      K: n,
      worker: worker)
    attentionProduct(
      key + shift, ldOut: ld, dScores, ldX: ldScores, query, ldY: blocks.queryStride, M: n, N: D,
      K: q,
      transposed: .first, worker: worker)
    terms?.addGradients(piece, dScores, shift: shift, plan.positionBlock(worker), worker)
  }
}
