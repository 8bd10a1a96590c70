import Basics
import Metrics

/// Rows cut into folds that keep rows of one name together, such as those of a person.
public struct RowFolds: Sendable {
  /// The fold of each row, from 0.
  public let foldOf: [Int]
  public let count: Int

  /// Names in a seeded order, each into the fold that is smallest so far.
  /// - Parameter what: they are, for the error where there are fewer of them than folds.
  public init(
    _ names: [String], of what: String, count: Int, seed: UInt64
  ) throws(ReferenceError) {
    guard count > 1 else { throw .curation(.tooFew(what: "folds", found: count, needed: 2)) }
    let members = Dictionary(grouping: names.indices) { names[$0] }
    guard members.count >= count else {
      throw .curation(.tooFew(what: what, found: members.count, needed: count))
    }
    var generator = SplitMix64(seed: seed)
    var sizes = Array(repeating: 0, count: count)
    var foldOf = Array(repeating: 0, count: names.count)
    for name in members.keys.sorted().shuffled(using: &generator) {
      let smallest = sizes.indices.min { sizes[$0] < sizes[$1] } ?? 0
      for row in members[name] ?? [] { foldOf[row] = smallest }
      sizes[smallest] += members[name]?.count ?? 0
    }
    (self.foldOf, self.count) = (foldOf, count)
  }

  func training(_ fold: Int) -> [Int] { foldOf.indices.filter { foldOf[$0] != fold } }
  func held(_ fold: Int) -> [Int] { foldOf.indices.filter { foldOf[$0] == fold } }
}

/// Ridge regression on essays' features, tried on the folds that it did not learn from.
struct CrossValidation: Sendable {
  let features: [[Double]]
  let folds: RowFolds
  private let moments: [FeatureMoments]

  /// Penalties that are tried, in units of the features' mean diagonal.
  static let penalties = [0.01, 0.03, 0.1, 0.3, 1, 3, 10]

  /// - Parameter features: (n, D), a row for each of `rows`.
  init(_ rows: [LabelledEssay], features: [[Double]], folds count: Int, seed: UInt64)
    throws(ReferenceError)
  {
    let folds = try RowFolds(rows.map(\.writer), of: "persons", count: count, seed: seed)
    (self.features, self.folds) = (features, folds)
    moments = (0..<count).map { FeatureMoments(folds.training($0).map { features[$0] }) }
  }

  /// For each set of labels, each row's prediction by the model that did not see its fold.
  func predictions(_ sets: [[Double]], penalty: Double) -> [[Double]] {
    var out = sets.map { Array(repeating: 0.0, count: $0.count) }
    for fold in 0..<folds.count {
      let (training, held) = (folds.training(fold), folds.held(fold))
      let ridge = RidgeRegression(moments[fold], penalty: penalty)
      let rows = held.map { features[$0] }
      for (index, labels) in sets.enumerated() {
        let found = ridge.predict(rows, trainedOn: training.map { labels[$0] })
        for (row, prediction) in zip(held, found) { out[index][row] = prediction }
      }
    }
    return out
  }

  /// The CCC of predictions against `gold` in each fold; an undefined one counts as 0.
  func scores(_ predictions: [Double], _ gold: [Double]) -> [Double] {
    (0..<folds.count).map { fold in
      let held = folds.held(fold)
      return PairedMoments(predictions: held.map { predictions[$0] }, gold: held.map { gold[$0] })
        .ccc().value ?? 0
    }
  }

  /// The penalty with the highest mean CCC for `labels` against themselves, of equals the lowest.
  func bestPenalty(for labels: [Double]) -> Double { bestPenalties(for: [labels])[0] }

  /// ``bestPenalty(for:)`` of several sets of labels, which share the work.
  func bestPenalties(for sets: [[Double]]) -> [Double] {
    let totals = Self.penalties.map { penalty in
      zip(predictions(sets, penalty: penalty), sets).map { scores($0, $1).reduce(0, +) }
    }
    return sets.indices.map { set in
      let own = totals.map { $0[set] }
      return Self.penalties[own.firstIndex(of: own.max() ?? 0) ?? 0]
    }
  }
}

/// The centred second moments of features, from which ridge regression starts for any penalty.
struct FeatureMoments: Sendable {
  /// (n, D), as given.
  let features: [[Double]]
  let means: [Double]
  /// Lower triangle of the centred XᵀX, row-major (D, D).
  fileprivate let gram: [Double]

  /// - Parameter features: (n, D), n > 0. Zeros are skipped, so that word counts cost little.
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
        for j in present.prefix(while: { $0 <= i }) { gram[i * size + j] += row[i] * row[j] }
      }
    }
    let count = Double(features.count)
    for i in 0..<size { for j in 0...i { gram[i * size + j] -= sums[i] * sums[j] / count } }
    (self.features, means, self.gram) = (features, sums.map { $0 / count }, gram)
  }
}

/// Linear regression with a penalty on the size of the weights, by Cholesky's decomposition. Each
/// set of labels takes two triangular solves.
struct RidgeRegression: Sendable {
  private let moments: FeatureMoments
  /// Lower triangle of the factor of XᵀX + penalty · I, row-major (D, D).
  private let factor: [Double]

  /// - Parameter penalty: above 0, in units of the mean diagonal of XᵀX.
  init(_ moments: FeatureMoments, penalty: Double) {
    precondition(penalty > 0, "a penalty")
    let size = moments.means.count
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
    let (means, size) = (moments.means, moments.means.count)
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
      return (0..<size).reduce(mean) { $0 + weights[$1] * (row[$1] - means[$1]) }
    }
  }
}

/// Features of an essay for a quick linear model.
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
