/// Compares ways of choosing labels on rows that neither the way nor the model has seen. For each
/// block of held-out rows, every way sees the training rows alone, and a ridge regression learns its
/// labels and predicts the block; the penalty is chosen there for the crowd's labels.
public struct CorrectionTrial: Sendable {
  /// What is new about the rows that are predicted.
  public enum HeldOut: String, Sendable, CaseIterable, Codable {
    /// Their persons. Articles are known: an article's mean label alone predicts.
    case persons
    /// Their persons and their articles: a block is the rows of a fold of persons on a fold of
    /// articles, and its training rows share neither.
    case personsAndArticles = "persons-and-articles"
  }

  /// The outcome of one way.
  public struct Result: Sendable, Equatable {
    public let correction: LabelCorrection
    /// (n,), of the compared rows in their order.
    public let predictions: [Double]
    /// Of each block, the labels that were used: the correction's name, or that of the crowd's labels
    /// and why.
    public let used: [String]
    /// The mean number of labels per block that were chosen anew.
    public let changed: Double
  }

  /// In the order of the corrections asked for.
  public let results: [Result]
  /// The crowd's labels and the persons of the compared rows, (n,) each.
  public let crowd: [Double]
  public let persons: [String]
  /// Rows on average that a block trains on.
  public let trainingRows: Double

  private static let innerFolds = 5

  /// What stands for labels of a way that a block's rows do not allow.
  public static let refused = "crowd, since the way refuses these rows"

  /// - Parameters:
  ///   - essays: rows that lack the crowd's label, or that of a model which a correction needs, are
  ///     not used, so that all ways are compared on the same rows.
  ///   - features: (n, D), a row for each essay.
  ///   - text: the rater that stands for the text's own prediction, which each block makes from its
  ///     training rows where a correction asks for it.
  ///   - folds: of persons, and of articles where they are held out too.
  /// - Throws: `ReferenceError`: fewer persons or articles than folds, rows without an article where
  ///   they are held out, or what a correction throws.
  public init(
    _ essays: [LabelledEssay], features: [[Double]], corrections: [LabelCorrection],
    text: String = "text", heldOut: HeldOut = .persons, folds: Int = 10,
    seed: UInt64 = 0, progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws(ReferenceError) {
    let models = corrections.compactMap(\.modelName)
    let used = essays.indices.filter { place in
      essays[place].crowd != nil && models.allSatisfy { essays[place].labels[$0] != nil }
    }
    let (rows, points) = (used.map { essays[$0] }, used.map { features[$0] })
    let blocks = try Self.blocks(rows, heldOut, folds: folds, seed: seed)
    let readsText = corrections.contains { $0.readsText }
    var predictions = corrections.map { _ in Array(repeating: 0.0, count: rows.count) }
    var choices: [[(used: String, changed: Int)]] = corrections.map { _ in [] }
    for (place, block) in blocks.enumerated() {
      var known = block.training.map { rows[$0] }
      let features = block.training.map { points[$0] }
      let inner = try CrossValidation(known, features: features, folds: Self.innerFolds, seed: seed)
      let crowd = known.compactMap(\.crowd)
      let penalty = inner.bestPenalty(for: crowd)
      if readsText {
        let ratings = inner.predictions([crowd], penalty: penalty)[0]
        known = zip(known, ratings).map { $0.adding(text, $1) }
      }
      let ridge = RidgeRegression(FeatureMoments(features), penalty: penalty)
      let held = block.held.map { points[$0] }
      for (index, correction) in corrections.enumerated() {
        let choice = try Self.labels(correction, known)
        choices[index].append((choice.used, choice.changed))
        let found = ridge.predict(held, trainedOn: choice.labels)
        for (row, prediction) in zip(block.held, found) { predictions[index][row] = prediction }
      }
      progress(place + 1, blocks.count)
    }
    results = corrections.indices.map {
      Result(
        correction: corrections[$0], predictions: predictions[$0], used: choices[$0].map(\.used),
        changed: Double(choices[$0].reduce(0) { $0 + $1.changed }) / Double(blocks.count))
    }
    crowd = rows.compactMap(\.crowd)
    persons = rows.map(\.writer)
    trainingRows =
      Double(blocks.reduce(0) { $0 + $1.training.count }) / Double(blocks.count)
  }

  private typealias Block = (training: [Int], held: [Int])

  /// Each row is held out in one block.
  private static func blocks(
    _ rows: [LabelledEssay], _ heldOut: HeldOut, folds: Int, seed: UInt64
  ) throws(ReferenceError) -> [Block] {
    let persons = try RowFolds(rows.map(\.writer), of: "persons", count: folds, seed: seed)
    switch heldOut {
    case .persons: return (0..<folds).map { (persons.training($0), persons.held($0)) }
    case .personsAndArticles:
      let names = rows.compactMap(\.article)
      guard names.count == rows.count else {
        throw .curation(
          .tooFew(what: "rows with an article to hold out", found: names.count, needed: rows.count))
      }
      let articles = try RowFolds(names, of: "articles", count: folds, seed: seed)
      var blocks: [Block] = []
      for person in 0..<folds {
        for article in 0..<folds {
          let held = rows.indices.filter {
            persons.foldOf[$0] == person && articles.foldOf[$0] == article
          }
          let training = rows.indices.filter {
            persons.foldOf[$0] != person && articles.foldOf[$0] != article
          }
          if !held.isEmpty { blocks.append((training, held)) }
        }
      }
      return blocks
    }
  }

  /// The labels of a way, or the crowd's where it refuses the rows.
  private static func labels(
    _ correction: LabelCorrection, _ rows: [LabelledEssay]
  ) throws(ReferenceError) -> (labels: [Double], used: String, changed: Int) {
    do { return try correction.labels(rows) } catch {
      switch error {
      case .curation(.unrelated), .curation(.uninformative), .curation(.notFitted):
        return (rows.compactMap(\.crowd), refused, 0)
      default: throw error
      }
    }
  }
}

extension LabelCorrection {
  /// Whether it takes the text's own prediction as a rater.
  fileprivate var readsText: Bool {
    switch self {
    case .soft, .flaggedText: true
    default: false
    }
  }
}
