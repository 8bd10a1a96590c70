// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Basics
import CBFloat16

/// The products with the layers' weights, in floats or in bfloat16.
extension EncoderEngine {
  /// out (rows, N) = x (rows, K) · Wᵀ. In bfloat16 `operand` says where x stands in that form.
  func project(
    _ out: MutableFloats, ldOut: Int, _ x: Floats, _ weight: WeightMatrix, rows: Int, worker: Int,
    operand: BFloat16Products.Operand = .packed
  ) {
    profile.measure(.products, worker) {
      if let reduced {
        if operand == .packed {
          reduced.pack(x, ldX: weight.K, rows: rows, K: weight.K, worker: worker)
        }
        reduced.multiply(
          out, ldOut: ldOut, operand, weight, rows: rows, N: weight.N, K: weight.K, worker: worker)
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
    worker: Int, operand: BFloat16Products.Operand = .packed
  ) {
    profile.measure(.products, worker) {
      if let reduced {
        if operand == .packed {
          reduced.pack(dy, ldX: ldY, rows: rows, K: weight.N, worker: worker)
        }
        reduced.multiply(
          dx, ldOut: weight.K, operand, weight, backward: true, rows: rows, N: weight.K,
          K: weight.N, beta: beta, worker: worker)
      } else {
        multiply(
          dx, ldOut: weight.K, dy, ldX: ldY, p(weight.offset), ldY: weight.K, M: rows, N: weight.K,
          K: weight.N, beta: beta)
      }
    }
  }

  /// A product of attention: out (M, N) = scale · x (M, K) · y (K, N) + beta · out. In bfloat16 both
  /// operands are packed on the way, which does not pay for a single row.
  func attentionProduct(
    _ out: MutableFloats, ldOut: Int, _ x: Floats, ldX: Int, _ y: Floats, ldY: Int, M: Int, N: Int,
    K: Int, transposed: Transposed = .neither, scale: Float = 1, beta: Float = 0, worker: Int
  ) {
    profile.measure(.attentionProducts, worker) {
      if let reduced, M > 1, K > 1 {
        reduced.multiply(
          out, ldOut: ldOut, x, ldX: ldX, y, ldY: ldY, M: M, N: N, K: K, transposed: transposed,
          scale: scale, beta: beta, worker: worker)
      } else {
        multiply(
          out, ldOut: ldOut, x, ldX: ldX, y, ldY: ldY, M: M, N: N, K: K, transposed: transposed,
          scale: scale, beta: beta)
      }
    }
  }

  /// activated (rows, F) = GELU(output1 (rows, C)·Uᵀ + a), of the rows `rows` of a layer. In training
  /// `slope` becomes the derivative.
  func expand(_ plan: ActivationPlan, _ layer: Int, _ rows: Range<Int>, _ worker: Int) {
    let (blocks, offsets, F) = (plan.layers[layer], layout.layers[layer], plan.F)
    let (slope, activated) = (
      blocks.slope + rows.lowerBound * F, blocks.activated + rows.lowerBound * F
    )
    projectByColumns(
      slope, blocks.output1 + rows.lowerBound * plan.C, offsets.up, rows: rows.count,
      keeps: plan.training, packs: activated, worker: worker
    ) { columns, place, stride in
      profile.measure(.gelu, worker) {
        let bias = p(offsets.upBias + columns.lowerBound)
        if plan.training {
          geluForward(
            activated + place, derivative: slope + place, bias: bias, rows: rows.count,
            columns: columns.count, stride: stride)
        } else {
          geluInPlace(
            slope + place, bias: bias, rows: rows.count, columns: columns.count, stride: stride)
        }
      }
    }
  }

  /// dUp (rows, F) = dDown (rows, C)·D · slope; adds its column sums to `dbias` (F).
  func expandBackward(
    _ plan: ActivationPlan, _ layer: Int, _ rows: Range<Int>, dbias: MutableFloats, _ worker: Int
  ) {
    let (F, start) = (plan.F, rows.lowerBound)
    let (dUp, slope) = (plan.temporaries.dUp + start * F, plan.layers[layer].slope + start * F)
    projectByColumns(
      dUp, plan.temporaries.dDown + start * plan.C, layout.layers[layer].down, backward: true,
      rows: rows.count, keeps: true, packs: dUp, worker: worker
    ) { columns, place, stride in
      profile.measure(.gelu, worker) {
        geluBackward(
          dUp + place, derivative: slope + place, dbias: dbias + columns.lowerBound,
          rows: rows.count, columns: columns.count, stride: stride)
      }
    }
  }

  /// out (rows, N) = x (rows, K) · Wᵀ, or backward out (rows, N) = x (rows, K) · W, and `body` on its
  /// columns: all at once with floats. With bfloat16 it takes as many as stay in the cache behind
  /// their product, and then columns of `packs` are packed as the activation. Without `keeps` the
  /// next columns are written over them. `place` is where columns begin, `stride` that of rows.
  private func projectByColumns(
    _ out: MutableFloats, _ x: Floats, _ weight: WeightMatrix, backward: Bool = false, rows: Int,
    keeps: Bool, packs: MutableFloats, worker: Int,
    _ body: (_ columns: Range<Int>, _ place: Int, _ stride: Int) -> Void
  ) {
    let (N, K) = backward ? (weight.K, weight.N) : (weight.N, weight.K)
    guard let reduced else {
      if backward {
        projectBack(out, x, ldY: K, weight, rows: rows, worker: worker)
      } else {
        project(out, ldOut: N, x, weight, rows: rows, worker: worker)
      }
      return body(0..<N, 0, N)
    }
    profile.measure(.products, worker) {
      reduced.pack(x, ldX: K, rows: rows, K: K, worker: worker)
    }
    let width = min(N, 4 * Int(BFLOAT16_COLUMNS))
    for column in Swift.stride(from: 0, to: N, by: width) {
      let columns = column..<min(N, column + width)
      let (place, stride) = keeps ? (column, N) : (0, width)
      profile.measure(.products, worker) {
        reduced.multiply(
          out + place, ldOut: stride, .packed, weight, backward: backward, column: column,
          rows: rows, N: columns.count, K: K, worker: worker)
      }
      body(columns, place, stride)
      profile.measure(.products, worker) {
        reduced.packActivated(
          packs + place, ldX: stride, rows: rows, columns: columns, of: N, worker: worker)
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
