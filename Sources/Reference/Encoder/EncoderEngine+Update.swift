// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Basics

/// The gradient's norm and the AdamW step.
extension EncoderEngine {
  /// Elements of a piece of the dense part, and rows of a piece of the word table.
  private static let pieceFloats = 1 << 17
  private static let pieceRows = 512

  private var wordPieces: Int {
    (configuration.vocabularySize + Self.pieceRows - 1) / Self.pieceRows
  }
  private var densePieces: Int {
    (layout.count - layout.positionTable + Self.pieceFloats - 1) / Self.pieceFloats
  }

  /// The Euclidean norm of the gradient over all parameters.
  public func gradientNorm() -> Double {
    precondition(gradients.count > 0, "a norm follows a backward pass")
    let C = configuration.hiddenSize
    // One slot a piece: the order of the addition does not depend on the threads.
    let slots = wordPieces + densePieces
    if normSlots.count != slots { normSlots = Array(repeating: 0, count: slots) }
    normSlots.withUnsafeMutableBufferPointer { sums in
      let sums = sums.baseAddress
      pool.run(slots) { piece, worker in
        profile.measure(.update, worker) {
          var total = 0.0
          if piece < wordPieces {
            for row in wordRows(piece) where rowHasGradient[row] {
              total += sumOfSquares(d(layout.wordTable + row * C), C)
            }
          } else {
            let range = denseRange(piece - wordPieces)
            total = sumOfSquares(d(range.lowerBound), range.count)
          }
          sums?[piece] = total
        }
      }
    }
    return normSlots.reduce(0, +).squareRoot()
  }

  /// Moves the parameters by one AdamW step along the gradient. `step` counts from 1;
  /// `gradientScale` multiplies the gradient first, for clipping.
  public func update(
    _ optimizer: AdamW, learningRate: Double, step: Int, gradientScale: Double
  ) {
    precondition(gradients.count > 0, "an update follows a backward pass")
    reduced?.invalidate()
    let constants = AdamWConstants(
      optimizer, learningRate: learningRate, step: step, gradientScale: gradientScale)
    let C = configuration.hiddenSize
    pool.run(wordPieces + densePieces) { piece, worker in
      profile.measure(.update, worker) {
        if piece < wordPieces {
          for row in wordRows(piece) {
            let offset = layout.wordTable + row * C
            if rowHasMoments[row] {
              apply(constants, offset, C)
            } else {
              constants.decayOnly(p(offset), count: C)
            }
          }
        } else {
          let range = denseRange(piece - wordPieces)
          apply(constants, range.lowerBound, range.count)
        }
      }
    }
  }

  private func apply(_ constants: AdamWConstants, _ offset: Int, _ count: Int) {
    constants.update(
      p(offset), gradient: d(offset), m: firstMoments.base + offset,
      v: secondMoments.base + offset, count: count)
  }

  private func wordRows(_ piece: Int) -> Range<Int> {
    let start = piece * Self.pieceRows
    return start..<min(configuration.vocabularySize, start + Self.pieceRows)
  }

  private func denseRange(_ piece: Int) -> Range<Int> {
    let start = layout.positionTable + piece * Self.pieceFloats
    return start..<min(layout.count, start + Self.pieceFloats)
  }
}
