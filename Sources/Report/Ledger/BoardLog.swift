import Basics
public import Foundation
public import Harness

/// What a log says of boards and their entries: its leaves, replayed one by one.
public struct BoardLog: Sendable {
  /// What the leaves say of one entry.
  public struct Entry: Sendable, Equatable {
    /// The leaf that has its outcome; the first that names it where there is none.
    public fileprivate(set) var leaf: Int
    /// What was released of it last; nil where nothing was, or where only a digest is logged.
    public fileprivate(set) var report: ScoreReport?
    /// SHA-256 of the report's compact canonical JSON, where only that is logged.
    public fileprivate(set) var reportDigest: String?
    /// Why it was withdrawn; nil where it was not, or was restored.
    public fileprivate(set) var withdrawal: String?
    /// Whether it stood in a folder: what came to a server is accepted before it is scored.
    fileprivate var isOfFolder = false
  }

  public struct BoardState: Sendable, Equatable {
    /// Ids that stand on the public board.
    public fileprivate(set) var shown: Set<String> = []
    public fileprivate(set) var entries: [String: Entry] = [:]
  }

  /// By `benchmark/split`.
  public private(set) var boards: [String: BoardState] = [:]
  /// Number of leaves.
  public private(set) var size = 0

  /// Why an entry of a folder is withdrawn that is there no more.
  public static let takenOut = "taken out of the folder"

  public init() {}

  /// The next leaf.
  public mutating func append(_ event: LedgerEvent) {
    let leaf = size
    size += 1
    guard let name = event.board else { return }
    var board = boards[name] ?? BoardState()
    if let id = event.id {
      var entry = board.entries[id] ?? Entry(leaf: leaf)
      entry.read(event, at: leaf)
      board.entries[id] = entry
    }
    // A board whose scores are not public shows nothing of its store's.
    if event.event == .phase, let visibility = event.visibility, visibility != "public" {
      board.shown = []
    }
    if let gone = event.replaces { board.shown.remove(gone) }
    if let new = event.stands { board.shown.insert(new) }
    boards[name] = board
  }
}

extension BoardLog.Entry {
  fileprivate mutating func read(_ event: LedgerEvent, at leaf: Int) {
    switch event.event {
    case .withdrawn: withdrawal = event.why ?? ""
    case .restored: withdrawal = nil
    case .scored, .rescored, .revealed:
      if event.event == .scored, event.predictions != nil { isOfFolder = true }
      // A sealed outcome is not shown: the last public one stands.
      guard event.report != nil || event.reportDigest != nil else { break }
      (report, reportDigest) = (event.report, event.reportDigest)
      self.leaf = leaf
    case .phase, .accepted, .chosen, .closed, .opened, .key, .continued: break
    }
  }

  fileprivate var isOutcomeKnown: Bool { report != nil || reportDigest != nil }

  fileprivate func says(_ other: ScoreReport) throws -> Bool {
    if let report { return report == other }
    return try reportDigest == Digest.sha256(CanonicalJSON.compact(other))
  }
}

extension BoardLog {
  /// The leaves that are missing for the log to say what `boards` show of folders' entries: those of a
  /// server's database are logged with the event itself.
  /// - Parameters:
  ///   - boards: all boards with entries of folders; one that is not among them has none any more.
  ///   - benchmarks: whose boards nobody looked at: what is logged of them stays as it is.
  ///   - key: of the digests of predictions.
  public func missing(
    for boards: [Board], leaving benchmarks: Set<String> = [], predictionsKey key: Data,
    at now: Date
  ) throws -> [LedgerEvent] {
    let all = Dictionary(boards.map { ($0.key.path, $0) }) { first, _ in first }
    let logged = self.boards.keys.filter { path in
      !benchmarks.contains(String(path.prefix { $0 != "/" }))
    }
    return try Set(all.keys).union(logged).sorted().flatMap { path in
      let difference = BoardDifference(
        path: path, state: self.boards[path] ?? BoardState(), key: key, now: now)
      return try difference.events(all[path]?.entries ?? [])
    }
  }
}

/// What the log of one board lacks.
private struct BoardDifference {
  let path: String
  let state: BoardLog.BoardState
  /// Of the digests of predictions.
  let key: Data
  let now: Date

  func events(_ entries: [Board.Entry]) throws -> [LedgerEvent] {
    let here = entries.filter { $0.id == $0.slug && $0.metadata.kind != .published }
    let ids = Set(here.map(\.id))
    let gone = state.entries.filter { id, entry in
      entry.isOfFolder && entry.withdrawal == nil && !ids.contains(id)
    }
    return try here.sorted { $0.id < $1.id }.flatMap(events)
      + gone.keys.sorted().map { withdrawn($0, why: BoardLog.takenOut) }
  }

  private func events(_ entry: Board.Entry) throws -> [LedgerEvent] {
    let known = state.entries[entry.id]
    if let withdrawal = entry.metadata.withdrawal {
      return known?.withdrawal == withdrawal.text
        ? [] : [withdrawn(entry.id, why: withdrawal.text)]
    }
    // Without its labels here nobody can say whether its figures are still the logged ones.
    guard let report = entry.report else { return [] }
    var events: [LedgerEvent] = []
    if known?.withdrawal != nil {
      var restored = event(.restored, entry.id)
      let last = entry.metadata.history?.last { $0.kind == .restored }
      (restored.why, restored.stands) = (last?.text ?? "put back into the folder", entry.id)
      events.append(restored)
    }
    if try known?.says(report) != true {
      let rescored = entry.metadata.history?.last { $0.kind == .rescored }
      let isAgain = known?.isOutcomeKnown == true && rescored != nil
      var scored = event(isAgain ? .rescored : .scored, entry.id)
      if isAgain { scored.why = rescored?.text }
      (scored.report, scored.stands) = (report, entry.id)
      scored.predictions = entry.predictionsDigest.map { Digest.hmac($0, key: key) }
      events.append(scored)
    }
    return events
  }

  private func withdrawn(_ id: String, why: String) -> LedgerEvent {
    var event = event(.withdrawn, id)
    event.why = why
    if state.shown.contains(id) { event.replaces = id }
    return event
  }

  private func event(_ kind: LedgerEvent.Kind, _ id: String) -> LedgerEvent {
    var event = LedgerEvent(kind, id: id, at: now)
    event.board = path
    return event
  }
}
