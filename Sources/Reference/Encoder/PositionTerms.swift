// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

extension EncoderEngine {
  /// What a layer's scores take from the relative positions; nil without any.
  func positionTerms(
    _ plan: ActivationPlan, _ batch: PackedBatch, _ layer: Int, _ table: RelativeBlocks?
  ) -> PositionTerms? {
    guard let relative, let table else { return nil }
    let blocks = plan.layers[layer]
    return PositionTerms(
      state: relative, table: table, projections: table.layers[layer].projections, C: plan.C,
      D: configuration.headSize, queryStride: blocks.queryStride, keyStride: blocks.keyStride,
      scale: scoreScale, engine: self)
  }
}

/// The position terms of DeBERTa-v3's disentangled attention (He et al. 2021), in one layer:
///
///     score(i, j) = (q_i·k_j + q_i·kr_r + k_j·qr_r) / √(3D),  r = row(i - j)
///
/// kr and qr are the table of relative positions projected by the layer's own key and query weights
/// and biases. Both terms use the same row, that of the query's place minus the key's: the paper
/// writes the second one with the distance turned round, but the library, whose checkpoints these
/// are, gathers it by [key][query] with the negated distance and then transposes it, which turns it
/// back. `key_proj.bias` has a gradient here, through k_j·qr_r; without positions it has none.
///
/// A block of tokens is multiplied with those rows of the table alone that it needs, and the products
/// are moved to their pairs.
struct PositionTerms {
  typealias Piece = EncoderEngine.AttentionPiece

  let state: RelativeState
  let table: RelativeBlocks
  let projections: MutableFloats
  let C, D, queryStride, keyStride: Int
  let scale: Float
  let engine: EncoderEngine
  private var profile: KernelProfile { engine.profile }

  /// The table's row of queries, or of keys, for a head; `base` are projections or their gradients.
  private func query(_ base: MutableFloats, _ row: Int, _ piece: Piece) -> MutableFloats {
    base + (row - table.rows.lowerBound) * 2 * C + piece.channel
  }

  private func key(_ base: MutableFloats, _ row: Int, _ piece: Piece) -> MutableFloats {
    query(base, row, piece) + C
  }

  private func distances(_ piece: Piece) -> DistanceRows {
    DistanceRows(
      rowOfDistance: state.rowOfDistance, positions: state.places + piece.token, count: piece.n,
      near: state.positions.near)
  }

  /// Calls `body` with ranges that cover `0..<count`.
  private func blocks(of count: Int, _ body: (Range<Int>) -> Void) {
    for start in stride(from: 0, to: count, by: ActivationPlan.positionTokens) {
      body(start..<min(count, start + ActivationPlan.positionTokens))
    }
  }

  /// Adds both terms to the scores, `piece.probabilities` (q, n).
  func addScores(_ piece: Piece, _ block: MutableFloats, _ worker: Int) {
    let (distances, scores) = (distances(piece), piece.probabilities)
    blocks(of: piece.q) { queries in
      let rows = distances.rows(ofQueries: queries)
      let ld = ActivationPlan.stride(ofRows: rows.count)
      engine.attentionProduct(
        block, ldOut: ld, piece.query + queries.lowerBound * queryStride, ldX: queryStride,
        key(projections, rows.lowerBound, piece), ldY: 2 * C, M: queries.count, N: rows.count,
        K: D, transposed: .second, scale: scale, worker: worker)
      profile.measure(.positions, worker) {
        distances.gather(scores, queries: queries, from: block, ld: ld, first: rows.lowerBound)
      }
    }
    guard piece.q == piece.n else {
      return profile.measure(.positions, worker) { addFirstScores(piece, distances) }
    }
    blocks(of: piece.n) { keys in
      let rows = distances.rows(ofKeys: keys)
      let ld = ActivationPlan.stride(ofRows: rows.count)
      engine.attentionProduct(
        block, ldOut: ld, piece.key + keys.lowerBound * keyStride, ldX: keyStride,
        query(projections, rows.lowerBound, piece), ldY: 2 * C, M: keys.count, N: rows.count,
        K: D, transposed: .second, scale: scale, worker: worker)
      profile.measure(.positions, worker) {
        distances.gather(scores, keys: keys, from: block, ld: ld, first: rows.lowerBound)
      }
    }
  }

  /// Position to content where only the first token asks: one row of the table for each key.
  private func addFirstScores(_ piece: Piece, _ distances: DistanceRows) {
    for j in 0..<piece.n {
      let (k, qr) = (
        piece.key + j * keyStride, query(projections, distances.row(0, j), piece)
      )
      piece.probabilities[j] += scale * reduce(D) { k[$0] * qr[$0] }
    }
  }

  /// Zeroes the gradients of a head's part of the projections.
  func clearGradients(head: Int) {
    for half in 0..<(2 * table.rows.count) {
      (table.dProjections + half * C + head * D).update(repeating: 0, count: D)
    }
  }

  /// Adds to the gradients of queries and keys, `shift` behind them, and of the table's projections,
  /// from that of the scores (q, n), scale included.
  func addGradients(
    _ piece: Piece, _ dScores: Floats, shift: Int, _ block: MutableFloats, _ worker: Int
  ) {
    let (distances, dTable) = (distances(piece), table.dProjections)
    blocks(of: piece.q) { queries in
      let rows = distances.rows(ofQueries: queries)
      let ld = ActivationPlan.stride(ofRows: rows.count)
      profile.measure(.positions, worker) {
        distances.scatter(
          dScores, queries: queries, to: block, ld: ld, first: rows.lowerBound, width: rows.count)
      }
      addProducts(
        block, ld: ld, tokens: piece.query + queries.lowerBound * queryStride, stride: queryStride,
        count: queries.count, shift: shift, table: key(projections, rows.lowerBound, piece),
        dTable: key(dTable, rows.lowerBound, piece), rows: rows.count, worker)
    }
    guard piece.q == piece.n else {
      return profile.measure(.positions, worker) {
        addFirstGradients(piece, distances, dScores, shift: shift)
      }
    }
    blocks(of: piece.n) { keys in
      let rows = distances.rows(ofKeys: keys)
      let ld = ActivationPlan.stride(ofRows: rows.count)
      profile.measure(.positions, worker) {
        distances.scatter(
          dScores, keys: keys, to: block, ld: ld, first: rows.lowerBound, width: rows.count)
      }
      addProducts(
        block, ld: ld, tokens: piece.key + keys.lowerBound * keyStride, stride: keyStride,
        count: keys.count, shift: shift, table: query(projections, rows.lowerBound, piece),
        dTable: query(dTable, rows.lowerBound, piece), rows: rows.count, worker)
    }
  }

  /// dTokens += block·table and dTable += blockᵀ·tokens, where `block` (count, rows) is the gradient
  /// of tokens·tableᵀ.
  private func addProducts(
    _ block: Floats, ld: Int, tokens: MutableFloats, stride: Int, count: Int, shift: Int,
    table: Floats, dTable: MutableFloats, rows: Int, _ worker: Int
  ) {
    engine.attentionProduct(
      tokens + shift, ldOut: stride, block, ldX: ld, table, ldY: 2 * C, M: count, N: D, K: rows,
      beta: 1, worker: worker)
    engine.attentionProduct(
      dTable, ldOut: 2 * C, block, ldX: ld, tokens, ldY: stride, M: rows, N: D, K: count,
      transposed: .first, beta: 1, worker: worker)
  }

  /// The gradients of ``addFirstScores(_:_:)``.
  private func addFirstGradients(
    _ piece: Piece, _ distances: DistanceRows, _ dScores: Floats, shift: Int
  ) {
    for j in 0..<piece.n {
      let (g, row) = (dScores[j], distances.row(0, j))
      let (k, qr) = (piece.key + j * keyStride, query(projections, row, piece))
      let (dk, dqr) = (k + shift, query(table.dProjections, row, piece))
      for i in 0..<D {
        dk[i] += g * qr[i]
        dqr[i] += g * k[i]
      }
    }
  }
}
