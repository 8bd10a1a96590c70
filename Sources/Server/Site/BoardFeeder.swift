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
  /// how it came about.
  func published() throws -> (boards: [Board], ledger: SiteLedger?) {
    var frozen = self
    frozen.store = try store.frozen()
    var boards = try frozen.boards()
    // Where the log lacks something it grows, and the boards are made anew.
    let isComplete = try store.log(boards.filter { !$0.entries.isEmpty })
    let ledger = try (isComplete ? frozen.store : store).siteLedger()
    for place in boards.indices { boards[place].ledger = ledger?.state }
    return (boards, ledger)
  }

  func boards() throws -> [Board] {
    let phases = try store.phases()
    let shown = phases.filter { $0.visibility == .public }
    let key = try home.releaseKey()
    let rules = Dictionary(phases.map { ($0.board, $0.rule(key: key)) }) { _, last in last }
    var boards = try FolderBoards(
      folders, home: home, benchmarks: definitions, options: options,
      store: try ReportStore(home.storeURL)
    ).boards(
      adding: try candidates(shown), rule: { rules[$0] ?? .open },
      revealed: try Dictionary(
        uniqueKeysWithValues: shown.map { ($0.board, try store.revealed(on: $0.board)) }))
    for phase in shown where !boards.contains(where: { $0.key == phase.board }) {
      boards.append(empty(try definitions.named(phase.benchmark), split: phase.split))
    }
    return boards
  }

  func empty(_ definition: BenchmarkDefinition, split: String) -> Board {
    Board(definition: definition, split: split, level: options.inference.level, entries: [])
  }

  /// The current entries of public boards, and those that were withdrawn from them.
  private func candidates(_ phases: [Phase]) throws -> [Board.Candidate] {
    var candidates: [Board.Candidate] = []
    for phase in phases {
      let revealed = try store.revealed(on: phase.board)
      for submission in try store.standing(in: phase, at: Date()) {
        var candidate = try candidate(submission)
        // Where labels are hidden nothing is shown beyond what was released to the team, or at the
        // close.
        if phase.labels == .hidden {
          candidate.report = phase.closed == nil ? submission.report : submission.closing
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
    let keys = Set(phases.map(\.board))
    let withdrawn = try store.withdrawnBests().filter { keys.contains($0.board) }
    return candidates + (try withdrawn.map(candidate))
  }

  private func candidate(_ submission: StoredSubmission) throws -> Board.Candidate {
    var metadata = submission.metadata
    metadata.team = submission.team
    metadata.history = try store.history(of: submission).map { event in
      SubmissionMetadata.Event(
        day: event.at.day, kind: SubmissionMetadata.Event.Kind(rawValue: event.kind) ?? .note,
        text: event.why ?? "The submission was \(event.kind).")
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

  /// Whether another team's entry, be it of a folder, has a system name that looks like this one's.
  func isTaken(by metadata: SubmissionMetadata) -> Bool {
    let own = EntryNames(metadata)
    return names.contains { own.clash(with: $0) }
  }

  init(_ board: Board) throws {
    names = board.entries.map(\.metadata).filter { $0.withdrawal == nil }.map(EntryNames.init)
    json = Document(try LeaderboardDocument.json(of: board), type: "application/json")
    csv = Document(Data(LeaderboardCSV.text(of: board).utf8), type: "text/csv; charset=utf-8")
  }
}
