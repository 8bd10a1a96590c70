// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Basics
import CBFloat16

/// The encoder's large products in bfloat16: packed copies of the weights, and memory for the other
/// operands. Floats are rounded to nearest even where they are packed; the sums are floats.
final class BFloat16Products {
  /// Where the panels of a weight stand, in words, as the right operand of x·Wᵀ and of dY·W.
  private var panels: [WeightMatrix: (forward: Int, backward: Int)] = [:]
  private let words: MemoryRegion<UInt32>
  /// For each worker two operands: rows on the left, then what the activation or attention packs.
  private var operands = MemoryRegion<UInt32>()
  private var (firstWords, secondWords) = (0, 0)
  /// Both operands of a layer's weight gradients.
  private var gradients = MemoryRegion<UInt32>()
  private let workers: Int
  private var packed: (forward: Bool, backward: Bool) = (false, false)

  /// The left operand of a product with a weight: the rows that the worker packed last, or those of
  /// the activation, which ``packActivated(_:ldX:rows:columns:of:worker:)`` collects.
  enum Operand { case packed, packedBefore, activated }

  init(_ weights: [WeightMatrix], workers: Int) {
    var next = 0
    for weight in weights {
      let backward = next + Self.rightWords(K: weight.K, N: weight.N)
      panels[weight] = (next, backward)
      next = backward + Self.rightWords(K: weight.N, N: weight.K)
    }
    words = MemoryRegion(count: next, largePages: true)
    self.workers = workers
  }

  /// Words of the right operand's panels for a product over K with N columns.
  static func rightWords(K: Int, N: Int) -> Int { words(K, N, multiple: BFLOAT16_COLUMNS) }

  /// Words of the transposed left operand's panels for a product over K with M rows.
  static func leftWords(K: Int, M: Int) -> Int { words(K, M, multiple: BFLOAT16_ROWS) }

  private static func words(_ K: Int, _ count: Int, multiple: Int) -> Int {
    (count + multiple - 1) / multiple * multiple * ((K + 1) / 2)
  }

  /// Words of both operands of a weight's gradient, dW (N, K) = dYᵀ·X over `rows` rows.
  static func gradientWords(N: Int, K: Int, rows: Int) -> Int {
    rightWords(K: rows, N: K) + wholeLines(leftWords(K: rows, M: N))
  }

  /// A number of words that ends with a cache line; panels of the right operand are read by lines.
  private static func wholeLines(_ words: Int) -> Int { (words + 15) & ~15 }

  /// Reserves the memory of a pass.
  func reserve(_ plan: ActivationPlan, positionRows: Int) {
    let rows = plan.chunk(0, rows: max(plan.T, positionRows)).count
    let widest = plan.training ? max(2 * plan.C, plan.F) : plan.C
    let (L, D, R, t) = (
      plan.longest, plan.C / plan.H, positionRows, ActivationPlan.positionTokens
    )
    // The products of attention and its position terms, M by N over K.
    let products = [(L, L, D), (L, D, L), (t, R, D), (t, D, R), (R, D, t)]
    firstWords = Self.wholeLines(
      products.reduce(rows * ((widest + 1) / 2)) { max($0, Self.leftWords(K: $1.2, M: $1.0)) })
    secondWords = Self.wholeLines(
      products.reduce(rows * ((plan.F + 1) / 2)) { max($0, Self.rightWords(K: $1.2, N: $1.1)) })
    if operands.count < workers * (firstWords + secondWords) {
      operands = MemoryRegion(count: workers * (firstWords + secondWords), largePages: true)
    }
    let C = plan.C
    let shapes = [(C, plan.F), (plan.F, C), (3 * C, C), (C, C)]
    var needed = 0
    if plan.training {
      needed = shapes.reduce(0) { $0 + Self.gradientWords(N: $1.0, K: $1.1, rows: plan.T) }
      if positionRows > 0 { needed += Self.gradientWords(N: 2 * C, K: C, rows: positionRows) }
    }
    if gradients.count < needed { gradients = MemoryRegion(count: needed, largePages: true) }
  }

  /// Notes that the weights have changed.
  func invalidate() { packed = (false, false) }

  /// Packs the weights again if they have changed.
  func pack(_ parameters: Floats, backward: Bool, _ pool: ThreadPool) {
    let all = Array(panels)
    func packAll(transposed: Bool) {
      let pack = transposed ? bfloat16_pack_right_transposed : bfloat16_pack_right
      pool.run(all.count) { index, _ in
        let (weight, place) = all[index]
        let target = words.base + (transposed ? place.forward : place.backward)
        let (N, K) = (Int64(weight.N), Int64(weight.K))
        pack(target, parameters + weight.offset, K, N, K)
      }
    }
    if !packed.forward { packAll(transposed: true) }
    if backward, !packed.backward { packAll(transposed: false) }
    packed = (true, packed.backward || backward)
  }

  /// A worker's first operand and its second.
  private func first(_ worker: Int) -> UnsafeMutablePointer<UInt32> {
    operands.base + worker * (firstWords + secondWords)
  }

  private func second(_ worker: Int) -> UnsafeMutablePointer<UInt32> { first(worker) + firstWords }

  /// Packs the left operand x (rows, K).
  func pack(_ x: Floats, ldX: Int, rows: Int, K: Int, worker: Int) {
    let P = (K + 1) / 2
    precondition(rows * P <= firstWords, "room for the left operand")
    bfloat16_pack_rows(first(worker), Int64(P), x, Int64(ldX), Int64(rows), Int64(K))
  }

  /// Packs columns of the activation (rows, F) from x (rows, columns); they begin at an even one.
  func packActivated(
    _ x: Floats, ldX: Int, rows: Int, columns: Range<Int>, of F: Int, worker: Int
  ) {
    let P = (F + 1) / 2
    precondition(rows * P <= secondWords, "room for the activation")
    bfloat16_pack_rows(
      second(worker) + columns.lowerBound / 2, Int64(P), x, Int64(ldX), Int64(rows),
      Int64(columns.count))
  }

  /// out (rows, N) = beta·out + x (rows, K) · Wᵀ, x packed before, or backward, out (rows, N) =
  /// beta·out + x (rows, K) · W. N columns from `column` on are computed, which begins a panel.
  func multiply(
    _ out: MutableFloats, ldOut: Int, _ operand: Operand, _ weight: WeightMatrix,
    backward: Bool = false, column: Int = 0, rows: Int, N: Int, K: Int, beta: Float = 0,
    worker: Int
  ) {
    guard let place = panels[weight] else {
      preconditionFailure("a weight of the encoder's layers")
    }
    let P = (K + 1) / 2
    let right = words.base + (backward ? place.backward : place.forward) + column * P
    let left = operand == .activated ? second(worker) : first(worker)
    bfloat16_multiply(
      out, Int64(ldOut), Int64(rows), Int64(N), Int64(P), left, 0, right, 1, beta == 0 ? 0 : 1)
  }

  /// out (M, N) = scale · x (M, K) · y (K, N) + beta · out, beta 0 or 1; a transposed x is stored as
  /// (K, M), a transposed y as (N, K).
  func multiply(
    _ out: MutableFloats, ldOut: Int, _ x: Floats, ldX: Int, _ y: Floats, ldY: Int, M: Int, N: Int,
    K: Int, transposed: Transposed, scale: Float, beta: Float, worker: Int
  ) {
    precondition(
      Self.leftWords(K: K, M: M) <= firstWords && Self.rightWords(K: K, N: N) <= secondWords,
      "room for both operands")
    let (left, right, P) = (first(worker), second(worker), Int64((K + 1) / 2))
    if transposed == .first {
      bfloat16_pack_left(left, x, Int64(ldX), Int64(K), Int64(M))
    } else {
      bfloat16_pack_rows(left, P, x, Int64(ldX), Int64(M), Int64(K))
    }
    if transposed == .second {
      bfloat16_pack_right_transposed(right, y, Int64(ldY), Int64(N), Int64(K))
    } else {
      bfloat16_pack_right(right, y, Int64(ldY), Int64(K), Int64(N))
    }
    bfloat16_multiply(
      out, Int64(ldOut), Int64(M), Int64(N), P, left, transposed == .first ? 1 : 0, right, scale,
      beta == 0 ? 0 : 1)
  }

  /// Packs columns of the left operand, dY (rows, N), multiples of 8 but for the last, or of the
  /// right one, X (rows, K), multiples of 48.
  func pack(_ product: EncoderEngine.WeightGradient, _ columns: Range<Int>, isLeft: Bool) {
    let (x, width, place, multiple, pack) =
      isLeft
      ? (product.dY, product.weight.N, product.left, BFLOAT16_ROWS, bfloat16_pack_left)
      : (product.x, product.weight.K, product.right, BFLOAT16_COLUMNS, bfloat16_pack_right)
    let target = place + Self.words(product.rows, columns.lowerBound, multiple: multiple)
    let end = target + Self.words(product.rows, columns.count, multiple: multiple)
    precondition(end <= gradients.count, "room for an operand")
    pack(
      gradients.base + target, x + columns.lowerBound, Int64(width), Int64(product.rows),
      Int64(columns.count))
  }

  /// Rows `range` of dW (N, K) = beta·dW + dYᵀ·X from the packed operands; the range begins at a
  /// multiple of 8.
  func multiply(
    _ product: EncoderEngine.WeightGradient, to dW: MutableFloats, range: Range<Int>, beta: Float
  ) {
    let (rows, K) = (product.rows, product.weight.K)
    bfloat16_multiply(
      dW + range.lowerBound * K, Int64(K), Int64(range.count), Int64(K), Int64((rows + 1) / 2),
      gradients.base + product.left + Self.leftWords(K: rows, M: range.lowerBound), 1,
      gradients.base + product.right, 1, beta == 0 ? 0 : 1)
  }
}
