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
    var dW, N, K: Int
    var dY, x: MutableFloats
    var rows: Int
    /// Pieces the rows of dW are cut into.
    var pieces: Int
    /// Where the operands stand when they are packed, in words.
    var left = 0
    var right = 0

    /// The rows of a piece; pieces are multiples of 8 rows, and past the end they are empty.
    func range(_ piece: Int) -> Range<Int> { Self.share(N, piece, of: pieces, multiple: 8) }

    static func share(_ count: Int, _ piece: Int, of pieces: Int, multiple: Int) -> Range<Int> {
      let size = ((count + pieces - 1) / pieces + multiple - 1) / multiple * multiple
      let start = min(count, piece * size)
      return start..<min(count, start + size)
    }
  }

  /// Piece `piece` of a weight's gradient; its operands are packed with bfloat16.
  func weightGradient(_ product: WeightGradient, _ piece: Int, accumulate: Bool, _ worker: Int) {
    let range = product.range(piece)
    guard !range.isEmpty else { return }
    let beta: Float = accumulate ? 1 : 0
    profile.measure(.products, worker) {
      if let reduced {
        reduced.multiply(product, to: d(product.dW), range: range, beta: beta)
      } else {
        multiply(
          d(product.dW + range.lowerBound * product.K), ldOut: product.K,
          product.dY + range.lowerBound, ldX: product.N, product.x, ldY: product.K, M: range.count,
          N: product.K, K: product.rows, transposed: .first, beta: beta)
      }
    }
  }

  /// Packs both operands of a layer's weight gradients, in parallel; nothing to do with floats.
  func packGradientOperands(_ products: [WeightGradient]) {
    guard let reduced else { return }
    // Two pieces for each side of each product: of about equal length, and enough for a few
    // threads.
    let pieces = max(2, threadCount)
    pool.run(2 * pieces * products.count) { index, worker in
      let product = products[index / (2 * pieces)]
      let isLeft = index / pieces % 2 == 0
      let columns = WeightGradient.share(
        isLeft ? product.N : product.K, index % pieces, of: pieces, multiple: isLeft ? 16 : 48)
      guard !columns.isEmpty else { return }
      profile.measure(.products, worker) {
        if isLeft {
          reduced.packLeft(product, columns)
        } else {
          reduced.packRight(product, columns)
        }
      }
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
struct WeightMatrix { let offset, N, K: Int }

/// The encoder's large products in bfloat16: packed copies of the weights, and memory for the other
/// operands. Floats are rounded to nearest even where they are packed; the sums are floats, and
/// depend on the shapes alone, not on the threads.
final class BFloat16Products {
  /// Where the panels of a weight stand, in words.
  private struct Panels {
    let weight: WeightMatrix
    /// As the right operand of x·Wᵀ and of dY·W.
    let forward: Int
    let backward: Int
  }

  private let panels: [Panels]
  private let indexByOffset: [Int: Int]
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
    func take(_ count: Int) -> Int {
      defer { next += count }
      return next
    }
    panels = weights.map { weight in
      Panels(
        weight: weight, forward: take(Self.rightWords(K: weight.K, N: weight.N)),
        backward: take(Self.rightWords(K: weight.N, N: weight.K)))
    }
    indexByOffset = Dictionary(uniqueKeysWithValues: weights.enumerated().map { ($1.offset, $0) })
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
  func reserve(_ plan: ActivationPlan) {
    let rows = plan.chunk(0, rows: plan.T).count
    leftWords = rows * ((max(2 * plan.C, plan.F) + 1) / 2)
    if left.count < workers * leftWords {
      left = MemoryRegion(count: workers * leftWords, largePages: true)
    }
    let C = plan.C
    let shapes = [(C, plan.F), (plan.F, C), (3 * C, C), (C, C)]
    let needed =
      plan.training
      ? shapes.reduce(0) { $0 + Self.gradientWords(N: $1.0, K: $1.1, rows: plan.T) } : 0
    if gradients.count < needed { gradients = MemoryRegion(count: needed, largePages: true) }
  }

  /// Notes that the weights have changed.
  func invalidate() { packed = (false, false) }

  /// Packs the weights again if they have changed.
  func pack(_ parameters: Floats, backward: Bool, _ pool: ThreadPool) {
    func packAll(_ place: KeyPath<Panels, Int>, transposed: Bool) {
      pool.run(panels.count) { index, _ in
        let (weight, target) = (panels[index].weight, words.base + panels[index][keyPath: place])
        let source = parameters + weight.offset
        let (N, K) = (Int64(weight.N), Int64(weight.K))
        if transposed {
          bfloat16_pack_right_transposed(target, source, K, N, K)
        } else {
          bfloat16_pack_right(target, source, K, N, K)
        }
      }
    }
    if !packed.forward { packAll(\.forward, transposed: true) }
    if backward, !packed.backward { packAll(\.backward, transposed: false) }
    packed = (true, packed.backward || backward)
  }

  /// out (rows, N) = beta·out + x (rows, K) · Wᵀ or, backward, out (rows, K) = beta·out +
  /// x (rows, N) · W.
  func multiply(
    _ out: MutableFloats, ldOut: Int, _ x: Floats, ldX: Int, _ weight: WeightMatrix,
    backward: Bool = false, rows: Int, beta: Float = 0, worker: Int
  ) {
    guard let index = indexByOffset[weight.offset] else {
      preconditionFailure("a weight of the encoder's layers")
    }
    let right = words.base + (backward ? panels[index].backward : panels[index].forward)
    let (N, K) = backward ? (weight.K, weight.N) : (weight.N, weight.K)
    let P = (K + 1) / 2
    precondition(rows * P <= leftWords, "room for the left operand")
    let operand = left.base + worker * leftWords
    bfloat16_pack_rows(operand, x, Int64(ldX), Int64(rows), Int64(K))
    bfloat16_multiply(
      out, Int64(ldOut), Int64(rows), Int64(N), Int64(P), operand, 0, right, beta == 0 ? 0 : 1)
  }

  /// Packs columns of dY (rows, N), multiples of 8 but for the last.
  func packLeft(_ product: EncoderEngine.WeightGradient, _ columns: Range<Int>) {
    let rows = product.rows
    let target = product.left + Self.leftWords(K: rows, M: columns.lowerBound)
    let end = target + Self.leftWords(K: rows, M: columns.count)
    precondition(end <= gradients.count, "room for an operand")
    bfloat16_pack_left(
      gradients.base + target, product.dY + columns.lowerBound, Int64(product.N), Int64(rows),
      Int64(columns.count))
  }

  /// Packs columns of X (rows, K), multiples of 48 but for the last.
  func packRight(_ product: EncoderEngine.WeightGradient, _ columns: Range<Int>) {
    let rows = product.rows
    let target = product.right + Self.rightWords(K: rows, N: columns.lowerBound)
    let end = target + Self.rightWords(K: rows, N: columns.count)
    precondition(end <= gradients.count, "room for an operand")
    bfloat16_pack_right(
      gradients.base + target, product.x + columns.lowerBound, Int64(product.K), Int64(rows),
      Int64(columns.count))
  }

  /// Rows `range` of dW (N, K) = beta·dW + dYᵀ·X from the packed operands; the range begins at a
  /// multiple of 8.
  func multiply(
    _ product: EncoderEngine.WeightGradient, to dW: MutableFloats, range: Range<Int>, beta: Float
  ) {
    let (rows, K) = (product.rows, product.K)
    bfloat16_multiply(
      dW + range.lowerBound * K, Int64(K), Int64(range.count), Int64(K), Int64((rows + 1) / 2),
      gradients.base + product.left + Self.leftWords(K: rows, M: range.lowerBound), 1,
      gradients.base + product.right, beta == 0 ? 0 : 1)
  }
}
