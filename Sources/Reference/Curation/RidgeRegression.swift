/// Linear regression with a penalty on the size of the weights, by Cholesky's decomposition.
///
/// The normal equations are factored once for a set of features; every set of labels for them then
/// costs two triangular solves. That is what makes a grid of label corrections cheap.
struct RidgeRegression: Sendable {
  private let means: [Double]
  /// Lower triangle of the factor of XᵀX + penalty·I over centred features, row-major (D, D).
  private let factor: [Double]
  private let features: [[Double]]
  private let size: Int

  /// - Parameters:
  ///   - features: (n, D), n > 0 and all rows equally long.
  ///   - penalty: above 0.
  init(features: [[Double]], penalty: Double) {
    precondition(penalty > 0 && !features.isEmpty, "a penalty and rows")
    let size = features[0].count
    precondition(features.allSatisfy { $0.count == size }, "rows of one length")
    var means = Array(repeating: 0.0, count: size)
    for row in features { for column in 0..<size { means[column] += row[column] } }
    for column in 0..<size { means[column] /= Double(features.count) }
    let centred = features.map { row in (0..<size).map { row[$0] - means[$0] } }
    var gram = Array(repeating: 0.0, count: size * size)
    for row in centred {
      for i in 0..<size where row[i] != 0 {
        let (scale, start) = (row[i], i * size)
        for j in 0...i { gram[start + j] += scale * row[j] }
      }
    }
    for i in 0..<size { gram[i * size + i] += penalty }
    (self.means, self.features, self.size) = (means, centred, size)
    factor = Self.cholesky(gram, size)
  }

  private static func cholesky(_ matrix: [Double], _ size: Int) -> [Double] {
    var l = matrix
    for i in 0..<size {
      for j in 0...i {
        var sum = l[i * size + j]
        for k in 0..<j { sum -= l[i * size + k] * l[j * size + k] }
        // A penalised Gram matrix is positive definite; rounding may not make the pivot 0.
        l[i * size + j] =
          i == j ? max(sum, .leastNormalMagnitude).squareRoot() : sum / l[j * size + j]
      }
    }
    return l
  }

  /// The model for `labels` (n,), applied to `rows` (m, D): predictions (m,).
  func predict(_ rows: [[Double]], trainedOn labels: [Double]) -> [Double] {
    precondition(labels.count == features.count, "a label for each row")
    let mean = labels.reduce(0, +) / Double(labels.count)
    var weights = Array(repeating: 0.0, count: size)
    for (row, label) in zip(features, labels) {
      for i in 0..<size where row[i] != 0 { weights[i] += row[i] * (label - mean) }
    }
    for i in 0..<size {
      for k in 0..<i { weights[i] -= factor[i * size + k] * weights[k] }
      weights[i] /= factor[i * size + i]
    }
    for i in (0..<size).reversed() {
      for k in i + 1..<max(size, i + 1) { weights[i] -= factor[k * size + i] * weights[k] }
      weights[i] /= factor[i * size + i]
    }
    return rows.map { row in
      (0..<size).reduce(mean) { $0 + weights[$1] * (row[$1] - means[$1]) }
    }
  }
}

/// Features of an essay for a quick linear model: its words, hashed into a fixed number of counts.
public enum WordFeatures {
  /// (n, `size`): square roots of word counts by the hash of the word, scaled to length 1.
  public static func extract(_ essays: [String], size: Int = 512) -> [[Double]] {
    precondition(size > 0, "at least one feature")
    return essays.map { essay in
      var counts = Array(repeating: 0.0, count: size)
      for word in essay.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
        // FNV-1a, so that the features are the same in every process.
        let hash = word.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
          ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
        counts[Int((hash ^ hash >> 32) % UInt64(size))] += 1
      }
      let length = max(1, counts.reduce(0, +)).squareRoot()
      return counts.map { $0.squareRoot() / length }
    }
  }
}
