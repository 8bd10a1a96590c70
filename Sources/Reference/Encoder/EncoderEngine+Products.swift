// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Basics
import CBFloat16

/// The products with the layers' weights, in floats or in bfloat16.
extension EncoderEngine {
  /// out (rows, N) = x (rows, K) · Wᵀ.
  func project(
    _ out: MutableFloats, ldOut: Int, _ x: Floats, _ weight: WeightMatrix, rows: Int, worker: Int
  ) {
    profile.measure(.products, worker) {
      if let reduced {
        reduced.multiply(out, ldOut: ldOut, x, ldX: weight.K, weight, rows: rows, worker: worker)
      } else {
        multiply(
          out, ldOut: ldOut, x, ldX: weight.K, p(weight.offset), ldY: weight.K, M: rows,
          N: weight.N, K: weight.K, transposed: .second)
      }
    }
  }

  /// dx (rows, K) = beta·dx + dy (rows, N) · W.
  func projectBack(
    _ dx: MutableFloats, _ dy: Floats, ldY: Int, _ weight: WeightMatrix, rows: Int, beta: Float = 0,
    worker: Int
  ) {
    profile.measure(.products, worker) {
      if let reduced {
        reduced.multiply(
          dx, ldOut: weight.K, dy, ldX: ldY, weight, backward: true, rows: rows, beta: beta,
          worker: worker)
      } else {
        multiply(
          dx, ldOut: weight.K, dy, ldX: ldY, p(weight.offset), ldY: weight.K, M: rows, N: weight.K,
          K: weight.N, beta: beta)
      }
    }
  }

  /// One gradient of a weight: dW (N, K) = dYᵀ·X over `rows` rows.
  struct WeightGradient {
    let weight: WeightMatrix
    let dY, x: MutableFloats
    let rows: Int
    /// Pieces the rows of dW are cut into.
    let pieces: Int
    /// Where the operands stand when they are packed, in words.
    let left: Int
    let right: Int
  }

  /// Piece `piece` of a weight's gradient; its operands are packed with bfloat16.
  func weightGradient(_ product: WeightGradient, _ piece: Int, accumulate: Bool, _ worker: Int) {
    let range = ActivationPlan.share(product.weight.N, piece, of: product.pieces, multiple: 8)
    guard !range.isEmpty else { return }
    let beta: Float = accumulate ? 1 : 0
    profile.measure(.products, worker) {
      if let reduced {
        reduced.multiply(product, to: d(product.weight.offset), range: range, beta: beta)
      } else {
        multiply(
          d(product.weight.offset + range.lowerBound * product.weight.K), ldOut: product.weight.K,
          product.dY + range.lowerBound, ldX: product.weight.N, product.x, ldY: product.weight.K,
          M: range.count, N: product.weight.K, K: product.rows, transposed: .first, beta: beta)
      }
    }
  }

  /// Packs both operands of a layer's weight gradients, in parallel; nothing to do with floats.
  func packGradientOperands(_ products: [WeightGradient]) {
    guard let reduced else { return }
    let pieces = max(2, threadCount)
    pool.run(2 * pieces * products.count) { index, worker in
      let product = products[index / (2 * pieces)]
      let isLeft = index / pieces % 2 == 0
      let columns = ActivationPlan.share(
        isLeft ? product.weight.N : product.weight.K, index % pieces, of: pieces,
        multiple: isLeft ? 16 : 48)
      guard !columns.isEmpty else { return }
      profile.measure(.products, worker) { reduced.pack(product, columns, isLeft: isLeft) }
    }
  }
}

/// The number format of the operands of the encoder's large products. Sums, parameters, moments and
/// everything between the products are floats in either case.
public enum Precision: String, Sendable, Codable, CaseIterable {
  /// Floats, through OpenBLAS: parity with PyTorch to 1e-5.
  case float32
  /// Operands rounded to bfloat16 (8 bits of mantissa), on processors with AVX-512 BF16: about
  /// twice as fast. Like PyTorch's autocast, it changes predictions by about 0.01.
  case bfloat16

  /// Whether this processor has the instructions.
  public var isSupported: Bool { self == .float32 || bfloat16_is_supported() != 0 }
}

/// A weight of the encoder: (N, K), row-major, at `offset` of the parameter buffer.
struct WeightMatrix: Hashable { let offset, N, K: Int }

/// The encoder's large products in bfloat16: packed copies of the weights, and memory for the other
/// operands. Floats are rounded to nearest even where they are packed; the sums are floats.
final class BFloat16Products {
  /// Where the panels of a weight stand, in words, as the right operand of x·Wᵀ and of dY·W.
  private var panels: [WeightMatrix: (forward: Int, backward: Int)] = [:]
  private let words: MemoryRegion<UInt32>
  /// For each worker the rows of a left operand.
  private var left = MemoryRegion<UInt32>()
  private var leftWords = 0
  /// Both operands of a layer's weight gradients.
  private var gradients = MemoryRegion<UInt32>()
  private let workers: Int
  private var packed: (forward: Bool, backward: Bool) = (false, false)

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
    leftWords(K: rows, M: N) + rightWords(K: rows, N: K)
  }

  /// Reserves the memory of a pass.
  func reserve(_ plan: ActivationPlan, positionRows: Int) {
    let rows = plan.chunk(0, rows: max(plan.T, positionRows)).count
    leftWords = rows * ((max(2 * plan.C, plan.F) + 1) / 2)
    if left.count < workers * leftWords {
      left = MemoryRegion(count: workers * leftWords, largePages: true)
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

  /// out (rows, N) = beta·out + x (rows, K) · Wᵀ or, backward, out (rows, K) = beta·out +
  /// x (rows, N) · W.
  func multiply(
    _ out: MutableFloats, ldOut: Int, _ x: Floats, ldX: Int, _ weight: WeightMatrix,
    backward: Bool = false, rows: Int, beta: Float = 0, worker: Int
  ) {
    guard let place = panels[weight] else {
      preconditionFailure("a weight of the encoder's layers")
    }
    let right = words.base + (backward ? place.backward : place.forward)
    let (N, K) = backward ? (weight.K, weight.N) : (weight.N, weight.K)
    let P = (K + 1) / 2
    precondition(rows * P <= leftWords, "room for the left operand")
    let operand = left.base + worker * leftWords
    bfloat16_pack_rows(operand, x, Int64(ldX), Int64(rows), Int64(K))
    bfloat16_multiply(
      out, Int64(ldOut), Int64(rows), Int64(N), Int64(P), operand, 0, right, beta == 0 ? 0 : 1)
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
      gradients.base + product.right, beta == 0 ? 0 : 1)
  }
}
