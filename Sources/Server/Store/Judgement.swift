import Basics
import Foundation
import GRDB
import Harness

/// Where a team stands on a board when its upload is scored.
struct Standing: Sendable {
  var phase: Phase
  /// What a new best would take the place of.
  var bests: [Best]

  struct Best: Sendable {
    var key: Int64
    /// What was released of it, as the store keeps it; nil for nothing.
    var report: String?
  }
}

/// What is released of a submission: decided before the transaction that records it, and once more
/// within it where the team's best changed.
struct Judgement: Sendable {
  /// Decides, given the team's bests so far, with what was released; fails where it cannot score.
  typealias Judge = @Sendable (_ bests: [Standing.Best]) throws -> ReleaseGuard.Release

  private let judge: Judge
  private let bests: [Int64]
  private let outcome: Result<Outcome, any Error>

  /// What is released, with its report as the store keeps it.
  struct Outcome: Sendable {
    var release: ReleaseGuard.Release
    /// Compact canonical JSON.
    var report: String?

    init(_ release: ReleaseGuard.Release) throws {
      self.release = release
      report = try release.report.map {
        String(decoding: try CanonicalJSON.compact($0), as: UTF8.self)
      }
    }
  }

  init(over bests: [Standing.Best], judge: @escaping Judge) {
    (self.judge, self.bests) = (judge, bests.map(\.key))
    outcome = Result { try Outcome(judge(bests)) }
  }

  func outcome(
    of submission: StoredSubmission, in database: Database
  ) throws -> Result<Outcome, any Error> {
    let (team, board, slot) = (submission.teamKey, submission.board, submission.slot)
    if try SubmissionStore.bestKeys(of: team, on: board, slot, in: database) == bests {
      return outcome
    }
    let current = try SubmissionStore.standingBests(of: team, on: board, slot, in: database)
    return Result { try Outcome(judge(current)) }
  }
}
