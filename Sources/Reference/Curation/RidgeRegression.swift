/// The centred second moments of features, from which ridge regression starts for any penalty.
struct FeatureMoments: Sendable {
  /// (n, D), as given.
  let features: [[Double]]
  let means: [Double]
  /// Lower triangle of the centred XᵀX, row-major (D, D).
  fileprivate let gram: [Double]

  var size: Int { means.count }

  /// - Parameter features: (n, D), n > 0 and all rows equally long. Zeros are skipped, so that
  ///   word counts cost little.
  init(_ features: [[Double]]) {
    precondition(!features.isEmpty, "rows")
    let size = features[0].count
    precondition(features.allSatisfy { $0.count == size }, "rows of one length")
    var sums = Array(repeating: 0.0, count: size)
    var gram = Array(repeating: 0.0, count: size * size)
    for row in features {
      let present = row.indices.filter { row[$0] != 0 }
      for i in present {
        sums[i] += row[i]
        for j in present {
          if j > i { break }
          gram[i * size + j] += row[i] * row[j]
        }
      }
    }
    let count = Double(features.count)
    for i in 0..<size {
      for j in 0...i { gram[i * size + j] -= sums[i] * sums[j] / count }
    }
    (self.features, means, self.gram) = (features, sums.map { $0 / count }, gram)
  }
}

/// Linear regression with a penalty on the size of the weights, by Cholesky's decomposition.
///
/// The normal equations are factored once for a penalty; each set of labels then takes two
/// triangular solves, which makes a grid of label corrections cheap.
struct RidgeRegression: Sendable {
  private let moments: FeatureMoments
  /// Lower triangle of the factor of XᵀX + penalty · I, row-major (D, D).
  private let factor: [Double]

  /// - Parameter penalty: above 0, in units of the mean diagonal of XᵀX, so that the scale of the
  ///   features doesn't matter.
  init(_ moments: FeatureMoments, penalty: Double) {
    precondition(penalty > 0, "a penalty")
    let size = moments.size
    var l = moments.gram
    let trace = (0..<size).reduce(0) { $0 + l[$1 * size + $1] }
    // Features that never vary leave nothing to scale by.
    let added = trace > 0 ? penalty * trace / Double(size) : penalty
    for i in 0..<size {
      l[i * size + i] += added
      for j in 0...i {
        var sum = l[i * size + j]
        for k in 0..<j { sum -= l[i * size + k] * l[j * size + k] }
        // A penalised Gram matrix is positive definite; rounding may not make the pivot 0.
        l[i * size + j] =
          i == j ? max(sum, .leastNormalMagnitude).squareRoot() : sum / l[j * size + j]
      }
    }
    (self.moments, factor) = (moments, l)
  }

  /// The model for `labels` (n,), applied to `rows` (m, D): predictions (m,).
  func predict(_ rows: [[Double]], trainedOn labels: [Double]) -> [Double] {
    precondition(labels.count == moments.features.count, "a label for each row")
    let (size, means) = (moments.size, moments.means)
    let mean = labels.reduce(0, +) / Double(labels.count)
    // Centred labels make the products with the features' means vanish.
    var weights = Array(repeating: 0.0, count: size)
    for (row, label) in zip(moments.features, labels) {
      for i in 0..<size where row[i] != 0 { weights[i] += row[i] * (label - mean) }
    }
    for i in 0..<size {
      for k in 0..<i { weights[i] -= factor[i * size + k] * weights[k] }
      weights[i] /= factor[i * size + i]
    }
    for i in (0..<size).reversed() {
      weights[i] /= factor[i * size + i]
      for k in 0..<i { weights[k] -= factor[i * size + k] * weights[i] }
    }
    return rows.map { row in
      precondition(row.count == size, "as many features as were trained on")
      var sum = mean
      for i in 0..<size { sum += weights[i] * (row[i] - means[i]) }
      return sum
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
