public import Foundation
public import Harness

/// A board as it is published now, for commands beside the server: from the data home's database, where
/// it has a phase there, and from folders of submissions. Nothing is written but the cache of scores
/// and what the ledger lacks of it.
public struct PublishedBoards {
  /// A board with what its archive tells beyond it.
  public struct Publication {
    public var board: Board
    /// Splits of its benchmark whose labels are guarded.
    public var hidden: Set<String> = []
    /// Where the board's ledger stands, be it there or not.
    public var ledger: [URL]
  }

  private let home: DataHome
  private let definitions: [BenchmarkDefinition]
  private let folders: [SubmissionFolder]
  private let options: ScoringOptions

  public init(
    _ home: DataHome, definitions: [BenchmarkDefinition], folders: [SubmissionFolder],
    options: ScoringOptions
  ) {
    (self.home, self.definitions) = (home, definitions)
    (self.folders, self.options) = (folders, options)
  }

  /// - Throws: ``ServerError/refused(_:)`` for a board whose scores are not public, and
  ///   ``HarnessError/missing(path:hint:)`` where there is no entry of it.
  public func board(
    _ key: BoardKey, progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> Publication {
    if let published = try boardOfServer(key) { return published }
    // As `site build` shows them.
    var options = options
    options.sensitivity = true
    let boards = try FolderBoards(
      folders, home: home, benchmarks: definitions, options: options,
      store: try ReportStore(home.storeURL)
    ).boards(only: key, progress: progress)
    guard let board = boards.first else {
      throw HarnessError.missing(
        path: "An entry of \(key.path)",
        hint: "Looked in \(folders.map(\.url.relativePath).joined(separator: ", ")) and in the "
          + "data home's server.sqlite. `invitro submit add` makes one.")
    }
    return Publication(
      board: board, ledger: folders.map { $0.url.appending(path: Self.ledgerName) })
  }

  private static let ledgerName = "ledger"

  /// Nil where the server has no phase of the board.
  private func boardOfServer(_ key: BoardKey) throws -> Publication? {
    guard FileManager.default.fileExists(atPath: home.submissionStoreURL.path) else { return nil }
    let store = try SubmissionStore(home.submissionStoreURL)
    let (list, now) = (try store.phaseList(), Date())
    guard let phase = list.shown(of: key, at: now) else { return nil }
    guard phase.visibility == .public else {
      let seen = phase.visibility == .own ? "each team alone" : "nobody"
      throw ServerError.refused(
        "\(key.path) is not public: its phase '\(phase.name)' shows scores to \(seen). Publish it "
          + "first with `invitro phase set --visibility public`.")
    }
    guard !phase.isFrozen(at: now) else {
      throw ServerError.refused(
        "\(key.path) stands still for the public until phase '\(phase.name)' closes; try again then."
      )
    }
    let feeder = BoardFeeder(
      store: store, home: home, definitions: definitions, folders: folders, options: options)
    let board =
      try feeder.published(at: now, only: key).boards.first
      ?? feeder.empty(definitions.named(key.benchmark), split: key.split)
    try store.exportLedger()
    let hidden = list.boards.filter {
      $0.benchmark == key.benchmark && list.shown(of: $0, at: now)?.labels == .hidden
    }
    return Publication(
      board: board, hidden: Set(hidden.map(\.split)),
      ledger: [home.url.appending(path: Self.ledgerName)])
  }
}
