import Foundation

/// Scores the entries of submission folders and puts them on their boards.
public struct LeaderboardBuilder {
  private let folders: [SubmissionFolder]
  private let home: DataHome
  private let benchmarks: [BenchmarkDefinition]
  private let options: ScoringOptions
  private let store: ReportStore?

  /// - Parameters:
  ///   - benchmarks: the definitions that entries may name.
  ///   - store: keeps what was computed; nil computes everything.
  public init(
    _ folders: [SubmissionFolder], home: DataHome, benchmarks: [BenchmarkDefinition],
    options: ScoringOptions = ScoringOptions(),
    store: ReportStore?
  ) {
    self.folders = folders
    self.home = home
    self.benchmarks = benchmarks
    self.options = options
    self.store = store
  }

  /// The entries of one split, scored where the gold labels are here.
  public struct BoardContent: Sendable {
    public var definition: BenchmarkDefinition
    public var split: String
    public var entries: [LeaderboardEntry]
    public var comparison: BoardComparison?
    /// The split, where it is in the data home.
    public var dataset: Dataset?
  }

  /// - Parameter progress: called after each entry with the number done and the number in all.
  /// - Throws: the faults of any entry; an entry whose split is not here or blind is no fault, it
  ///   says why it is not scored.
  public func boards(
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws(HarnessError) -> [BoardContent] {
    var entries: [SubmissionFolder.Entry] = []
    for folder in folders { entries += try folder.entries() }
    var boards: [BoardContent] = []
    var done = 0
    let groups = Dictionary(grouping: entries) { [$0.metadata.benchmark, $0.metadata.split] }
    for (key, members) in groups.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      let definition = try benchmarks.named(key[0])
      try definition.checkSplit(key[1])
      boards.append(
        try board(definition, split: key[1], members) {
          done += 1
          progress(done, entries.count)
        })
    }
    return boards
  }

  private func board(
    _ definition: BenchmarkDefinition, split: String, _ members: [SubmissionFolder.Entry],
    tick: () -> Void
  ) throws(HarnessError) -> BoardContent {
    var board = BoardContent(definition: definition, split: split, entries: [])
    if home.has(definition.id, split) {
      board.dataset = try home.load(definition, split: split)
    }
    guard let dataset = board.dataset, dataset.hasGold else {
      let reason =
        board.dataset == nil
        ? "The gold labels of this split are not on the machine that built this page."
        : "This split is blind: its gold labels were never released."
      board.entries = members.map { entry in
        tick()
        return LeaderboardEntry(
          slug: entry.slug, metadata: entry.metadata, report: nil,
          unscored: entry.predictions == nil ? nil : reason)
      }
      return board
    }
    let scorer = try Scorer(definition, dataset: dataset, options: options)
    let reader = PredictionReader(definition, dataset: dataset)
    let base = try self.key(definition, dataset)
    var systems: [BoardComparer.System] = []
    for entry in members {
      defer { tick() }
      guard let file = entry.predictions else {
        board.entries.append(
          LeaderboardEntry(slug: entry.slug, metadata: entry.metadata, report: nil))
        continue
      }
      let predictions = try reader.read(file)
      let report = try keep(.report, key: base + predictions.digest) { () throws(HarnessError) in
        try scorer.score(predictions)
      }
      board.entries.append(
        LeaderboardEntry(slug: entry.slug, metadata: entry.metadata, report: report))
      if entry.metadata.withdrawal != nil { continue }
      systems.append(.init(slug: entry.slug, predictions: predictions))
    }
    let names = systems.map { "\($0.slug) \($0.predictions.digest)" }.joined(separator: "\n")
    board.comparison = try keep(.comparison, key: base + names) {
      () throws(HarnessError) -> BoardComparison? in
      let comparer = BoardComparer(scorer)
      return comparer.compare(systems)?.comparison ?? comparer.alone(systems)
    }
    return board
  }

  /// Everything but the predictions that a report depends on.
  private func key(
    _ definition: BenchmarkDefinition, _ dataset: Dataset
  ) throws(HarnessError) -> String {
    let choices = [
      options.signature(
        cluster: try definition.clustering(options.cluster), goldDigest: dataset.goldDigest),
      dataset.contentDigest,
      Digest.sha256(try Documents.encode(definition)), "\(options.sensitivity)",
      "\(options.detectable)", (options.attributes ?? ["all"]).joined(separator: ","),
    ]
    return choices.joined(separator: "\n") + "\n"
  }

  private func keep<Value: Codable>(
    _ kind: ReportStore.Kind, key: String, make: () throws(HarnessError) -> Value
  ) throws(HarnessError) -> Value {
    guard let store else { return try make() }
    return try store.document(kind, key: Digest.sha256(key), make: make)
  }
}
