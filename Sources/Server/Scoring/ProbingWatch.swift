import Foundation
import Harness
import NIOPosix

/// Looks for signs of probing in what was released where labels are hidden. It works beside the
/// requests, so that no answer waits for it, and tells the maintainer alone.
struct ProbingWatch: Sendable {
  /// Submissions of the team itself, and of other teams, that one is compared with: the newest.
  static let maxCompared = 128

  let store: SubmissionStore
  let scorers: ScorerCache
  let log: ServerLog

  /// Looks at what waits, up to 100 submissions.
  func examine() async {
    do {
      var files = PredictionFiles(store: store)
      for submission in try store.unexamined() {
        let signs = try await signs(of: submission, &files)
        try await store.keep(signs, of: submission.key)
        for sign in signs {
          log.warn("submission \(submission.id) of team \(submission.team): \(sign.text)")
        }
      }
    } catch {
      log.fault("signs of probing could not be looked for", error)
    }
  }

  /// None where the submission could not be looked at, as the log then says.
  private func signs(
    of submission: StoredSubmission, _ files: inout PredictionFiles
  ) async throws -> [ProbingSign] {
    let scorer: BoardScorer
    do {
      scorer = try scorers.scorer(of: submission.board)
    } catch {
      log.fault("submission \(submission.id) was not examined for signs of probing", error)
      return []
    }
    let phase = try store.phaseList().named(submission.phase, of: submission.board)
    guard let grid = phase?.grid else { return [] }
    let earlier = try store.earlier(than: submission, limit: Self.maxCompared)
    let others = try store.entries(of: submission.board)
      .filter { $0.teamKey != submission.teamKey }.sorted { $0.key > $1.key }
    let releases = (earlier.reversed() + [submission])
      .filter { $0.best != nil && $0.slot.choiceKey == submission.slot.choiceKey }
      .compactMap { $0.report?.targets[grid.target]?[grid.metric]?.value }
    var found: Set<ProbingSign> = []
    for target in scorer.definition.targetNames
    where scorer.definition.primary.weight(of: target) != nil {
      guard let predictions = try files.values(of: submission, target, scorer) else { continue }
      let signs = ProbingSigns(
        own: try earlier.compactMap { try files.values(of: $0, target, scorer) },
        others: try others.prefix(Self.maxCompared)
          .compactMap { try files.values(of: $0, target, scorer) },
        releases: releases)
      found.formUnion(
        try await NIOThreadPool.singleton.runIfActive {
          signs.find(in: predictions, isNewBest: submission.best != nil, step: grid.step)
        })
    }
    return ProbingSign.allCases.filter(found.contains)
  }
}

/// Complete predictions from the store, each read once.
private struct PredictionFiles {
  let store: SubmissionStore
  private var known: [Int64: TargetTable<[Double]>] = [:]

  init(store: SubmissionStore) { self.store = store }

  /// Predictions of `target` in the split's order; nil where rows or the target are left out.
  mutating func values(
    of submission: StoredSubmission, _ target: String, _ scorer: BoardScorer
  ) throws -> [Double]? {
    if let columns = known[submission.key] { return columns[target] }
    let file = try store.predictions(of: submission.key) ?? Data()
    let predictions = try? scorer.reader.read(file, name: "predictions.tsv")
    let columns = predictions?.missingCount == 0 ? predictions?.columns : nil
    let values = (columns ?? [:]).mapValues(\.values)
    known[submission.key] = values
    return values[target]
  }
}
