import Foundation
import Harness
import Metrics
import Report

/// Makes the boards from the store and from submission folders.
struct BoardFeeder: Sendable {
  var store: SubmissionStore
  let home: DataHome
  let definitions: [BenchmarkDefinition]
  /// Submissions that did not come over HTTP.
  let folders: [SubmissionFolder]
  let options: ScoringOptions

  /// Every board that is public, be it empty, or that a folder has entries of, and the log that says
  /// how it came about; the `wanted` one alone where one is named.
  func published(
    at now: Date, only wanted: BoardKey? = nil
  ) throws -> (boards: [Board], ledger: SiteLedger?) {
    var frozen = self
    frozen.store = try store.frozen()
    var boards = try frozen.boards(at: now, only: wanted)
    // Where the log lacked something it has grown, and the boards are made anew.
    if try !store.log(boards.filter { !$0.entries.isEmpty }, madeFrom: frozen.store) {
      frozen.store = try store.frozen()
      boards = try frozen.boards(at: now, only: wanted)
    }
    let ledger = try frozen.store.siteLedger()
    for place in boards.indices { boards[place].ledger = ledger?.state }
    return (boards, ledger)
  }

  func boards(at now: Date, only wanted: BoardKey? = nil) throws -> [Board] {
    let list = try store.phaseList()
    // Nothing can be said of a board whose definition is not here.
    let known = Set(definitions.map(\.id))
    let phases = list.boards.filter { known.contains($0.benchmark) }
      .compactMap { list.shown(of: $0, at: now) }
    let shown = phases.filter {
      $0.visibility == .public && (wanted == nil || $0.board == wanted)
    }
    let key = try home.releaseKey()
    let rules = Dictionary(phases.map { ($0.board, $0.rule(key: key)) }) { _, last in last }
    var boards = try FolderBoards(
      folders, home: home, benchmarks: definitions, options: options,
      store: try ReportStore(home.storeURL)
    ).boards(
      adding: try candidates(shown, list, at: now), rule: { rules[$0] ?? .open },
      revealed: try Dictionary(
        uniqueKeysWithValues: shown.map { ($0.board, try store.revealed(on: $0.board)) }),
      key: key, only: wanted)
    for phase in shown where !boards.contains(where: { $0.key == phase.board }) {
      boards.append(empty(try definitions.named(phase.benchmark), split: phase.split))
    }
    for place in boards.indices {
      let phase = shown.first { $0.board == boards[place].key }
      if let phase, phase.isFrozen(at: now) { boards[place].frozen = phase.freeze?.stamp }
      boards[place].takesSubmissions = list.of(boards[place].key).contains {
        $0.closes.map { now < $0 } ?? true
      }
      // No phase says that the labels are open: the licence of the data may be, and a split withheld.
      if rules[boards[place].key] == nil { boards[place].leaveOutCalibration() }
    }
    return boards
  }

  /// What boards are made from: the store, and the files of their splits.
  struct Version: Equatable {
    var store: SubmissionStore.Version
    var splits: [BoardKey: DataHome.Stamp]
  }

  func version(at now: Date) throws -> Version {
    let boards = try store.phaseList().boards
    return Version(
      store: try store.version(at: now),
      splits: Dictionary(boards.map { ($0, home.stamp($0.benchmark, $0.split)) }) { $1 })
  }

  func empty(_ definition: BenchmarkDefinition, split: String) -> Board {
    Board(definition: definition, split: split, level: options.inference.level, entries: [])
  }

  /// Why a late entry has no rank.
  private static let lateReason = "late: scored after the deadline, not ranked"

  /// The current entries of public boards, those that came late, and those that were withdrawn.
  private func candidates(
    _ shown: [Phase], _ list: PhaseList, at now: Date
  ) throws -> [Board.Candidate] {
    let late = shown.compactMap { list.current(of: $0.board, at: now) }
      .filter { $0.isLate && $0.visibility == .public }
    var candidates: [Board.Candidate] = []
    for phase in shown.filter({ !$0.isLate }) + late {
      let revealed = try store.revealed(on: phase.board)
      for submission in try store.standing(in: phase, at: now) {
        var candidate = try candidate(submission)
        candidate.unranked = phase.isLate ? Self.lateReason : nil
        candidate.scored = submission.report?.state
        // Where labels are hidden nothing is shown beyond what was released to the team, or at the
        // close.
        if phase.labels == .hidden {
          candidate.report = phase.closed == nil ? submission.report : submission.closing
          candidate.scored = candidate.report?.state
          candidate.isRevealed = revealed.contains(submission.id)
        }
        candidate.digest = submission.digest
        candidate.read = { [store, key = submission.key] reader throws(HarnessError) in
          let file = Result { try store.predictions(of: key) ?? Data() }.mapError { error in
            HarnessError.system(path: store.url.relativePath, reason: "\(error)")
          }
          return try reader.read(try file.get(), name: "predictions.tsv")
        }
        candidates.append(candidate)
      }
    }
    let withdrawn = try store.withdrawnBests().filter { submission in
      guard let phase = list.governing(submission, at: now), phase.visibility == .public
      else { return false }
      return shown.contains { $0.board == phase.board } && !phase.covers(submission, at: now)
    }
    return candidates + (try withdrawn.map(candidate))
  }

  private func candidate(_ submission: StoredSubmission) throws -> Board.Candidate {
    var metadata = submission.metadata
    metadata.team = submission.team
    let primary = try definitions.named(submission.benchmark).primary
    metadata.history = try store.history(of: submission).map { event in
      SubmissionMetadata.Event(
        day: event.at.day, kind: SubmissionMetadata.Event.Kind(rawValue: event.kind) ?? .note,
        text: event.text(primary))
    }
    // Readable, and unique because of the id at its end.
    let name = Slug.make("\(metadata.team) \(metadata.system)").prefix(60)
    let slug = Slug.make("\(name)-\(submission.id)")
    return Board.Candidate(slug: slug, id: submission.id, metadata: metadata, read: nil)
  }
}

/// A board as the API sends it: the documents that stand beside its page.
struct PublishedBoard: Sendable {
  let json, csv: Document
  private let names: [EntryNames]
  /// By the id of a submission.
  let places: [String: Place]

  /// Where an entry stands.
  struct Place: Sendable {
    /// Of its page.
    var slug: String
    /// The ranks that the data support, and among how many; nil for one without a rank.
    var rank: (low: Int, high: Int, of: Int)?
  }

  /// Whether another team's entry, be it of a folder, has a system name that looks like this one's.
  func isTaken(by metadata: SubmissionMetadata) -> Bool {
    let own = EntryNames(metadata)
    return names.contains { own.clash(with: $0) }
  }

  init(_ board: Board) throws {
    names = board.entries.map(\.metadata).filter { $0.withdrawal == nil }.map(EntryNames.init)
    places = Dictionary(
      board.entries.map { entry in
        let standing = board.standings[entry.slug]
        let rank = standing.map { (low: $0.lowRank, high: $0.highRank, of: board.standings.count) }
        return (entry.id, Place(slug: entry.slug, rank: rank))
      }, uniquingKeysWith: { first, _ in first })
    json = Document(try LeaderboardDocument.json(of: board), type: "application/json")
    csv = Document(Data(LeaderboardCSV.text(of: board).utf8), type: "text/csv; charset=utf-8")
  }
}
