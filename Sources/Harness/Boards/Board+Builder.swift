import Basics
public import Foundation
import Metrics

extension Board {
  /// An entry as a feeder gives it.
  public struct Candidate: Sendable {
    public typealias Reading =
      @Sendable (_ reader: PredictionReader) throws(HarnessError) -> Predictions

    public var slug: String
    /// Its name in the board's log: the slug of a folder's entry, the public id of a server's.
    public var id: String
    /// With the entry's history; the contact stays behind.
    public var metadata: SubmissionMetadata
    /// What was released of it already; nil has the builder score the predictions.
    public var report: ScoreReport?
    /// Whether all figures of it are shown on a closed board, in two decimals.
    public var isRevealed = false
    /// Why it is shown apart from the ranked entries, in words; nil where it is ranked.
    public var unranked: String?
    /// What its last published report was computed with; nil where that is not known, and then the
    /// present labels and scorer count.
    public var scored: ScoringState?
    /// Digest of the predictions, where it is known without reading them.
    public var digest: String?
    /// Reads the predictions; nil where there are none (published, or withdrawn and taken away).
    public var read: Reading?

    /// - Parameters:
    ///   - id: nil for the slug.
    ///   - report: released under the rule of the board it will stand on.
    ///   - digest: of the predictions. With it they are read only where something is not cached.
    public init(
      slug: String, id: String? = nil, metadata: SubmissionMetadata, report: ScoreReport? = nil,
      digest: String? = nil, read: Reading?
    ) {
      (self.slug, self.id, self.metadata) = (slug, id ?? slug, metadata)
      (self.report, self.digest, self.read) = (report, digest, read)
    }

    var board: BoardKey { BoardKey(benchmark: metadata.benchmark, split: metadata.split) }
  }

  /// Makes a board from candidates, whoever feeds them: scores those that have no report, compares
  /// all of them with each other, and releases both by one rule.
  public struct Builder {
    public let definition: BenchmarkDefinition
    public let split: String
    private let dataset: Dataset?
    private let options: ScoringOptions
    private let rule: ReleaseRule
    private let store: ReportStore?
    private let releaseKey: Data?

    /// - Parameters:
    ///   - dataset: the split; nil where it is not in the data home.
    ///   - rule: what is shown of reports and of the comparison.
    ///   - key: under which reports of an earlier phase may have hidden the labels' digest.
    ///   - store: keeps what was computed and released; nil computes everything.
    public init(
      definition: BenchmarkDefinition, split: String, dataset: Dataset?,
      options: ScoringOptions = ScoringOptions(), rule: ReleaseRule = .open,
      key: Data? = nil, store: ReportStore? = nil
    ) {
      (self.definition, self.split, self.dataset) = (definition, split, dataset)
      (self.options, self.rule, self.store) = (options, rule, store)
      releaseKey = key ?? rule.key
    }

    /// The board of `candidates`, in any order; `progress` is called after each.
    /// - Throws: the faults of any predictions. A split that is blind or not here is none: its
    ///   entries say why they have no score.
    public func board(
      _ candidates: [Candidate], progress: () -> Void = {}
    ) throws(HarnessError) -> Board {
      let candidates = candidates.sorted { $0.slug < $1.slug }
      // Mean and SD of hidden labels are figures of theirs like any other.
      let labels = dataset.flatMap {
        rule.isOpen
          ? DatasetStatistics([$0], definition: definition).splits.first?.published() : nil
      }
      guard let dataset, dataset.hasGold else {
        let entries = candidates.map { candidate in
          progress()
          return entry(candidate, report: candidate.report, unscored: unscored)
        }
        return board(entries, comparison: nil, labels: labels, state: nil)
      }
      let scorer = try Scorer(definition, dataset: dataset, options: options)
      let reader = PredictionReader(definition, dataset: dataset)
      let base = try key(dataset, rule)
      let plain = scorer.state
      let state = rule.isGuarded ? releaseKey.map(plain.keyed) ?? plain : plain
      var entries: [Entry] = []
      var compared: [Compared] = []
      for candidate in candidates {
        defer { progress() }
        guard let read = candidate.read else {
          entries.append(entry(candidate, report: candidate.report, unscored: nil))
          continue
        }
        if let scored = candidate.scored, scored != plain,
          scored != releaseKey.map(plain.keyed)
        {
          entries.append(superseded(candidate, scored, by: state))
          continue
        }
        var predictions: Predictions?
        var report = candidate.isRevealed ? nil : candidate.report
        if candidate.digest == nil || report == nil { predictions = try read(reader) }
        let digest = predictions?.digest ?? candidate.digest ?? ""
        if report == nil, let predictions {
          let rule = rule(for: candidate)
          let base = try key(dataset, rule)
          report = try keep(.report, key: base + digest) { () throws(HarnessError) in
            rule.release(try scorer.score(predictions))
          }
        }
        entries.append(entry(candidate, report: report, unscored: nil))
        guard candidate.metadata.withdrawal == nil, candidate.unranked == nil else { continue }
        compared.append(
          Compared(slug: candidate.slug, digest: digest, predictions: predictions, read: read))
      }
      guard case .hidden(let grid, _) = rule else {
        let comparison = try comparison(compared, scorer, reader, base)
        return board(entries, comparison: comparison, labels: labels, state: state)
      }
      let values = entries.compactMap { entry in
        entry.metadata.withdrawal == nil && entry.unscored == nil
          ? entry.figure(grid.metric, grid.target)?.value.map { (entry.slug, $0) } : nil
      }
      let tied = BoardComparison(released: values, grid, level: options.inference.level)
      return board(entries, comparison: tied, labels: labels, state: state)
    }

    /// What is released of one entry.
    private func rule(for candidate: Candidate) -> ReleaseRule {
      guard candidate.isRevealed, case .hidden(let grid, let key) = rule else { return rule }
      return .summary(grid, key: key)
    }

    private struct Compared {
      var slug, digest: String
      var predictions: Predictions?
      var read: Candidate.Reading
    }

    private func comparison(
      _ compared: [Compared], _ scorer: Scorer, _ reader: PredictionReader, _ base: String
    ) throws(HarnessError) -> BoardComparison? {
      guard case .open = rule else { return nil }
      let names = compared.map { "\($0.slug) \($0.digest)" }.joined(separator: "\n")
      return try keep(.comparison, key: base + names) {
        () throws(HarnessError) -> BoardComparison? in
        var systems: [BoardComparer.System] = []
        for one in compared {
          var predictions = one.predictions
          if predictions == nil { predictions = try one.read(reader) }
          if let predictions { systems.append(.init(slug: one.slug, predictions: predictions)) }
        }
        let comparer = BoardComparer(scorer)
        return comparer.compare(systems)?.comparison ?? comparer.alone(systems)
      }
    }

    private func board(
      _ entries: [Entry], comparison: BoardComparison?,
      labels: DatasetStatistics.SplitStatistics?, state: ScoringState?
    ) -> Board {
      Board(
        definition: definition, split: split, level: options.inference.level,
        isGuarded: !rule.isOpen, entries: entries, comparison: comparison, labels: labels,
        state: state)
    }

    /// An entry that stands apart until it is rescored.
    private func superseded(
      _ candidate: Candidate, _ scored: ScoringState, by state: ScoringState
    ) -> Entry {
      let reason = scored.superseded(by: state, isGuarded: rule.isGuarded)
      var entry = entry(candidate, report: nil, unscored: reason)
      entry.isSuperseded = true
      return entry
    }

    private func entry(_ candidate: Candidate, report: ScoreReport?, unscored: String?) -> Entry {
      Entry(
        slug: candidate.slug, id: candidate.id, metadata: candidate.metadata, report: report,
        unscored: candidate.unranked
          ?? (candidate.read == nil || report != nil ? nil : unscored))
    }

    private var unscored: String {
      dataset == nil
        ? "The gold labels of this split are not on the machine that built this page."
        : "This split is blind: its gold labels were never released."
    }

    /// Everything but the predictions that a released document depends on.
    private func key(_ dataset: Dataset, _ rule: ReleaseRule) throws(HarnessError) -> String {
      let document = try HarnessError.wrapping { () throws(BasicsError) in
        try CanonicalJSON.document(definition)
      }
      let choices = [
        options.signature(
          cluster: try definition.clustering(options.cluster), goldDigest: dataset.goldDigest),
        dataset.contentDigest, Digest.sha256(document), "\(options.inference.level)",
        "\(options.sensitivity)", "\(options.detectable)",
        (options.attributes ?? ["all"]).joined(separator: ","),
        "\(rule.cacheName)", "scorer \(Scorer.version)",
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
}

/// Feeds boards with the entries of submission folders, and with those of another source beside
/// them.
public struct FolderBoards {
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
    options: ScoringOptions = ScoringOptions(), store: ReportStore?
  ) {
    (self.folders, self.home, self.benchmarks) = (folders, home, benchmarks)
    (self.options, self.store) = (options, store)
  }

  /// A board for each split that an entry names, in the order of their keys; folders of other
  /// benchmarks are left out.
  /// - Parameters:
  ///   - others: entries from elsewhere, such as a server's database.
  ///   - rule: what is released on a board, of the folders' entries too.
  ///   - revealed: slugs of baselines in folders of which all figures are shown, by board.
  ///   - key: under which the labels' digest is hidden on boards with hidden labels.
  ///   - wanted: the board that is wanted; nil for all of them.
  ///   - progress: called after each entry with the number done and the number in all.
  /// - Throws: the faults of any entry.
  public func boards(
    adding others: [Board.Candidate] = [], rule: (BoardKey) -> ReleaseRule = { _ in .open },
    revealed: [BoardKey: Set<String>] = [:], key releaseKey: Data? = nil,
    only wanted: BoardKey? = nil,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws(HarnessError) -> [Board] {
    var candidates = others
    for folder in folders {
      candidates += try folder.entries(of: benchmarks).map { entry in
        var candidate = entry.candidate
        let key = BoardKey(benchmark: entry.metadata.benchmark, split: entry.metadata.split)
        candidate.isRevealed =
          entry.metadata.kind == .baseline && revealed[key]?.contains(entry.slug) ?? false
        return candidate
      }
    }
    if let wanted { candidates.removeAll { $0.board != wanted } }
    let groups = Dictionary(grouping: candidates, by: \.board)
    var boards: [Board] = []
    var done = 0
    for (key, members) in groups.sorted(by: { $0.key < $1.key }) {
      let definition = try benchmarks.named(key.benchmark)
      try definition.checkSplit(key.split)
      let isHere = home.has(definition.id, key.split)
      let builder = Board.Builder(
        definition: definition, split: key.split,
        dataset: isHere ? try home.load(definition, split: key.split) : nil, options: options,
        rule: rule(key), key: releaseKey, store: store)
      boards.append(
        try builder.board(members) {
          done += 1
          progress(done, candidates.count)
        })
    }
    return boards
  }
}

extension FolderBoards {
  /// The best primary figure of the folders' entries of one kind on a split: what published ones claim,
  /// or what others score; nil for none.
  /// - Throws: the faults of any of these entries.
  public func bestFigure(
    of kind: SubmissionMetadata.Kind, on definition: BenchmarkDefinition, _ dataset: Dataset
  ) throws(HarnessError) -> Double? {
    let (target, metric) = (definition.primary.target, definition.primary.metric)
    let scorer = try Scorer(definition, dataset: dataset, options: options)
    let reader = PredictionReader(definition, dataset: dataset)
    var values: [Double] = []
    for folder in folders {
      for entry in try folder.entries() {
        let metadata = entry.metadata
        guard metadata.kind == kind, metadata.benchmark == definition.id,
          metadata.split == dataset.split, metadata.withdrawal == nil
        else { continue }
        if kind == .published {
          metadata.claimed?[target]?[metric.id].map { values.append($0) }
          continue
        }
        guard let file = entry.predictions else { continue }
        let report = ReleaseRule.open.release(try scorer.score(try reader.read(file)))
        if let value = report.targets[target]?[metric]?.value { values.append(value) }
      }
    }
    return metric.higherIsBetter ? values.max() : values.min()
  }
}

extension SubmissionFolder.Entry {
  /// The digest in the metadata says what the file held once; the file itself is read.
  fileprivate var candidate: Board.Candidate {
    var metadata = metadata
    metadata.scored = nil
    var candidate = Board.Candidate(slug: slug, metadata: metadata, read: nil)
    candidate.scored = self.metadata.scored?.state
    if let file = predictions {
      candidate.read = { reader throws(HarnessError) in try reader.read(file) }
    }
    return candidate
  }
}
