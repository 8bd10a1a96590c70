// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Basics

/// The products with the layers' weights, in floats or in bfloat16.
extension EncoderEngine {
  /// out (rows, N) = x (rows, K) · Wᵀ.
  func project(
    _ out: UnsafeMutablePointer<Float>, ldOut: Int, _ x: UnsafePointer<Float>,
    _ weight: WeightMatrix, rows: Int, worker: Int
  ) {
    profile.measure(.products, worker) {
      if let reduced {
        reduced.project(
          out, ldOut: ldOut, x, ldX: weight.K, weight, rows: rows, worker: worker)
      } else {
        multiplyTransposed(
          out, ldOut: ldOut, x, ldX: weight.K, p(weight.offset), ldWeight: weight.K, M: rows,
          N: weight.N, K: weight.K)
      }
    }
  }

  /// dx (rows, K) = beta·dx + dy (rows, N) · W.
  func projectBack(
    _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, ldY: Int,
    _ weight: WeightMatrix, rows: Int, beta: Float = 0, worker: Int
  ) {
    profile.measure(.products, worker) {
      if let reduced {
        reduced.projectBack(
          dx, ldOut: weight.K, dy, ldY: ldY, weight, rows: rows, beta: beta, worker: worker)
      } else {
        multiply(
          dx, ldOut: weight.K, dy, ldX: ldY, p(weight.offset), ldY: weight.K, M: rows, N: weight.K,
          K: weight.N, beta: beta)
      }
    }
  }

  /// One gradient of a weight: dW (N, K) = dYᵀ·X over `rows` rows.
  struct WeightGradient {
    var dW: Int
    var N: Int
    var K: Int
    var dY: UnsafeMutablePointer<Float>
    var x: UnsafeMutablePointer<Float>
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
        reduced.weightGradient(
          d(product.dW), left: product.left, right: product.right, rows: product.rows,
          range: range, K: product.K, beta: beta)
      } else {
        multiplyFirstTransposed(
          d(product.dW + range.lowerBound * product.K), ldOut: product.K,
          product.dY + range.lowerBound, ldX: product.N, product.x, ldY: product.K, M: range.count,
          N: product.K, K: product.rows, beta: beta)
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
      let piece = index % pieces
      profile.measure(.products, worker) {
        if index / pieces % 2 == 0 {
          let columns = WeightGradient.share(product.N, piece, of: pieces, multiple: 16)
          if !columns.isEmpty {
            reduced.packLeft(
              product.left, product.dY, ldY: product.N, rows: product.rows, columns: columns)
          }
        } else {
          let columns = WeightGradient.share(product.K, piece, of: pieces, multiple: 48)
          if !columns.isEmpty {
            reduced.packRight(
              product.right, product.x, ldX: product.K, rows: product.rows, columns: columns)
          }
        }
      }
    }
  }
}
