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

  /// A board for each split that an entry names, in the order of their keys.
  ///
  /// - Parameters:
  ///   - others: entries from elsewhere, such as a server's database; they may stand on boards of
  ///     their own or beside the folders' entries.
  ///   - rule: what is released on a board, of the folders' entries too.
  ///   - progress: called after each entry with the number done and the number in all.
  /// - Throws: the faults of any entry; an entry whose split is not here or blind is no fault, it
  ///   says why it is not scored.
  public func boards(
    adding others: [Board.Candidate] = [], rule: (BoardKey) -> ReleaseRule = { _ in .open },
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws(HarnessError) -> [Board] {
    var candidates = others
    for folder in folders { candidates += try folder.entries().map(\.candidate) }
    let groups = Dictionary(grouping: candidates) {
      BoardKey(benchmark: $0.metadata.benchmark, split: $0.metadata.split)
    }
    var boards: [Board] = []
    var done = 0
    for (key, members) in groups.sorted(by: { $0.key < $1.key }) {
      let definition = try benchmarks.named(key.benchmark)
      try definition.checkSplit(key.split)
      let isHere = home.has(definition.id, key.split)
      let builder = Board.Builder(
        definition: definition, split: key.split,
        dataset: isHere ? try home.load(definition, split: key.split) : nil, options: options,
        rule: rule(key), store: store)
      boards.append(
        try builder.board(members) {
          done += 1
          progress(done, candidates.count)
        })
    }
    return boards
  }
}

extension SubmissionFolder.Entry {
  /// The digest in the metadata says what the file held once; the file itself is read.
  fileprivate var candidate: Board.Candidate {
    var candidate = Board.Candidate(slug: slug, metadata: metadata, read: nil)
    if let file = predictions {
      candidate.read = { reader throws(HarnessError) in try reader.read(file) }
    }
    return candidate
  }
}
