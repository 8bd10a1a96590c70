import Basics
import Metrics

/// Rows cut into folds that keep each person's rows together.
struct PersonFolds: Sendable {
  /// The fold of each row.
  let foldOf: [Int]
  let count: Int

  /// Persons in a seeded order, each into the fold that is smallest so far. A row without a person
  /// is a person of its own.
  init(_ rows: [LabelledEssay], count: Int, seed: UInt64) throws(ReferenceError) {
    guard count > 1 else { throw .curation(.tooFew(what: "folds", found: count, needed: 2)) }
    let persons = rows.map { $0.person ?? "\u{0}\($0.id)" }
    let members = Dictionary(grouping: rows.indices) { persons[$0] }
    guard members.count >= count else {
      throw .curation(.tooFew(what: "persons", found: members.count, needed: count))
    }
    var generator = SplitMix64(seed: seed)
    var sizes = Array(repeating: 0, count: count)
    var foldOf = Array(repeating: 0, count: rows.count)
    for person in members.keys.sorted().shuffled(using: &generator) {
      let smallest = sizes.indices.min { sizes[$0] < sizes[$1] } ?? 0
      for row in members[person] ?? [] { foldOf[row] = smallest }
      sizes[smallest] += members[person]?.count ?? 0
    }
    (self.foldOf, self.count) = (foldOf, count)
  }

  func training(_ fold: Int) -> [Int] { foldOf.indices.filter { foldOf[$0] != fold } }
  func held(_ fold: Int) -> [Int] { foldOf.indices.filter { foldOf[$0] == fold } }
}

/// Ridge regression on essays' features, tried on the folds that it did not learn from.
struct CrossValidation: Sendable {
  let features: [[Double]]
  let folds: PersonFolds
  private let moments: [FeatureMoments]

  /// Penalties that are tried, in units of the features' mean diagonal.
  static let penalties = [0.01, 0.03, 0.1, 0.3, 1, 3, 10]

  init(features: [[Double]], folds: PersonFolds) {
    self.features = features
    self.folds = folds
    moments = (0..<folds.count).map { fold in
      FeatureMoments(folds.training(fold).map { features[$0] })
    }
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
      let moments = PairedMoments(
        predictions: held.map { predictions[$0] }, gold: held.map { gold[$0] })
      return moments.ccc().value ?? 0
    }
  }

  /// The penalty with the highest mean CCC for `labels` against themselves.
  func bestPenalty(for labels: [Double]) -> Double {
    var (best, top) = (Self.penalties[0], -Double.infinity)
    for penalty in Self.penalties {
      let found = predictions([labels], penalty: penalty)[0]
      let mean = scores(found, labels).reduce(0, +) / Double(folds.count)
      if mean > top { (best, top) = (penalty, mean) }
    }
    return best
  }
}
