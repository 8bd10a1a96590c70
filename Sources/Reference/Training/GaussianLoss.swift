// Dimensions have the one-letter names of the field: B, T, C, K.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Glibc

/// The loss of a head that predicts a normal distribution for each row, a mean μ and a variance v:
///
/// L = mean of ⌊v^β⌋·½((y - μ)²/v + ln v) + λ₁·‖v ⊙ exp(-α(y - μ)²)‖₂/n + λ₂·mean of (cos(a, b) - t)²
///
/// where ⌊·⌋ passes no gradient.
///
/// - First term: β-NLL (Seitzer et al. 2022, arXiv 2203.09168). β = 0 is the negative log
///   likelihood without its constant; with β = 1 the mean learns as from squared errors.
/// - Second term: UPLME's penalty on degenerate uncertainty (Hasan et al. 2025, arXiv 2508.03520, as
///   released): a large variance where the prediction is right costs, where it is wrong it does not.
/// - Third term: UPLME's alignment of the texts of a pair. a and b are the means of the last hidden
///   states over the tokens of the first and the second text, and t is the label, mapped linearly from
///   its range to [-1, 1].
///
/// v is the softplus of the head's second number, held within [1e-8, 1000] as UPLME's is.
public struct GaussianLoss: Equatable, Sendable, Codable {
  /// β, in [0, 1].
  public var beta = 0.5
  /// λ₁, and α of the same term.
  public var variancePenalty = 0.0
  public var penaltyDecay = 1.5
  /// λ₂; it needs pairs of texts.
  public var alignment = 0.0
  /// The ends of the label's range, which ``alignment`` needs.
  public var labelLow, labelHigh: Double?

  public init() {}

  /// Bounds of the variance.
  static let (least, largest) = (1e-8, 1e3)

  /// The variance that the head's number `raw` stands for, and its derivative, 0 beyond the bounds.
  static func variance(_ raw: Double) -> (value: Double, slope: Double) {
    let soft = max(raw, 0) + log1p(exp(-abs(raw)))
    let slope = soft < least || soft > largest ? 0 : 1 / (1 + exp(-raw))
    return (min(max(soft, least), largest), slope)
  }

  /// The number that stands for `variance`.
  static func raw(of variance: Double) -> Double {
    let held = min(max(variance, least), largest)
    return held + log(-expm1(-held))
  }

  /// The first two terms, Σ wₖ·Lₖ / Σ wₖ over the targets, and their gradient.
  ///
  /// - Parameters:
  ///   - outputs: (B, 2K), row-major: K means, then the K numbers that stand for variances.
  ///   - labels: (B, K), nil where a row has none.
  ///   - counts: the labels of each target in all rows of the step, of which these may be a part. The
  ///     parts of a step then each have a penalty of their own, weighted by their rows.
  ///   - weights: wₖ, not negative, with a positive sum.
  ///   - gradient: becomes (B, 2K).
  public func evaluate(
    _ outputs: [Float], _ labels: [Float?], counts: [Int], weights: [Double],
    gradient: inout [Float]
  ) -> Double {
    let K = counts.count
    precondition(outputs.count == 2 * labels.count, "a mean and a variance for each label, or none")
    precondition(weights.count == K && labels.count % K == 0, "a weight for each target")
    let sum = weights.reduce(0, +)
    gradient.removeAll(keepingCapacity: true)
    gradient.append(contentsOf: repeatElement(0, count: outputs.count))
    var total = 0.0
    for k in 0..<K {
      let scale = weights[k] / sum / Double(max(1, counts[k]))
      var parts: [(place: Int, error: Double, v: Double, slope: Double)] = []
      for row in 0..<labels.count / K {
        guard let label = labels[row * K + k] else { continue }
        let place = row * 2 * K + k
        let (v, slope) = Self.variance(Double(outputs[place + K]))
        parts.append((place, Double(outputs[place]) - Double(label), v, slope))
      }
      var squares = 0.0
      for part in parts {
        let weighted = part.v * exp(-penaltyDecay * part.error * part.error)
        squares += weighted * weighted
      }
      let norm = squares.squareRoot()
      total += scale * variancePenalty * norm
      for part in parts {
        let (error, v) = (part.error, part.v)
        let weight = beta == 0 ? 1 : pow(v, beta)
        total += scale * weight * 0.5 * (error * error / v + log(v))
        var dMean = weight * error / v
        var dVariance = weight * 0.5 * (1 - error * error / v) / v
        if norm > 0, variancePenalty > 0 {
          let decay = exp(-2 * penaltyDecay * error * error) * variancePenalty / norm
          dMean -= 2 * penaltyDecay * error * v * v * decay
          dVariance += v * decay
        }
        gradient[part.place] = Float(scale * dMean)
        gradient[part.place + K] = Float(scale * dVariance * part.slope)
      }
    }
    return total
  }

  /// The third term, and its gradient with respect to the states.
  ///
  /// - Parameters:
  ///   - states: (T, C), the last hidden states of all tokens of the batch.
  ///   - texts: of each sequence the places of its two texts in the batch's tokens; nil, or an empty
  ///     text, adds nothing.
  ///   - labels: one a sequence; without it a sequence adds nothing.
  ///   - count: the labels in all rows of the step, of which these may be a part.
  ///   - gradient: becomes (T, C).
  public func align(
    _ states: [Float], channels C: Int, texts: [PairedTexts?], labels: [Float?], count: Int,
    gradient: inout [Float]
  ) -> Double {
    precondition(texts.count == labels.count, "two texts, or none, for each label")
    gradient.removeAll(keepingCapacity: true)
    gradient.append(contentsOf: repeatElement(0, count: states.count))
    guard let low = labelLow, let high = labelHigh, high > low else {
      preconditionFailure("an alignment has the label's range")
    }
    var total = 0.0
    for (texts, label) in zip(texts, labels) {
      guard let texts, let label, !texts.first.isEmpty, !texts.second.isEmpty else { continue }
      let target = (Double(label) - (low + high) / 2) / ((high - low) / 2)
      let a = Self.mean(states, C, texts.first)
      let b = Self.mean(states, C, texts.second)
      var (ab, aa, bb) = (0.0, 0.0, 0.0)
      for i in 0..<C {
        ab += a[i] * b[i]
        aa += a[i] * a[i]
        bb += b[i] * b[i]
      }
      let (normA, normB) = (max(aa.squareRoot(), 1e-8), max(bb.squareRoot(), 1e-8))
      let cosine = ab / (normA * normB)
      let scale = alignment / Double(max(1, count))
      total += scale * (cosine - target) * (cosine - target)
      let slope = 2 * scale * (cosine - target)
      for (own, other, norm, range) in [
        (a, b, normA, texts.first), (b, a, normB, texts.second),
      ] {
        let share = slope / Double(range.count)
        for i in 0..<C {
          let part = share * (other[i] / (normA * normB) - cosine * own[i] / (norm * norm))
          for token in range { gradient[token * C + i] += Float(part) }
        }
      }
    }
    return total
  }

  /// The mean over the tokens of `range` of states (T, C).
  private static func mean(_ states: [Float], _ C: Int, _ range: Range<Int>) -> [Double] {
    var sum = Array(repeating: 0.0, count: C)
    for token in range { for i in 0..<C { sum[i] += Double(states[token * C + i]) } }
    for i in 0..<C { sum[i] /= Double(range.count) }
    return sum
  }
}
