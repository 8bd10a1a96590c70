import Basics
import Foundation
import Harness

/// A submission as the API shows it.
struct SubmissionDocument: Encodable {
  var id: String
  var benchmark: String
  var split: String
  var phase: String
  var team: String
  var system: String
  var kind: String
  var description: String?
  var received: Date
  var state: String
  /// Whether it is a new best, and why not; absent where scores are hidden.
  var verdict: ReleaseGuard.Verdict?
  var digest: String
  var scores: ScoreReport?
  /// Why there are no scores, in words.
  var note: String?
  var warnings: [Diagnostic]?
  var history: [StoredSubmission.Event]?

  /// What `viewer` may see of `submission`; nil where that is nothing.
  ///
  /// - Parameters:
  ///   - viewer: the team that asks; nil for anybody.
  ///   - phase: of the submission's board, as it is now.
  init?(_ submission: StoredSubmission, viewer: Team?, phase: Phase?) {
    let isOwn = viewer?.id == submission.teamKey
    let visibility = phase?.visibility ?? .hidden
    guard isOwn || (visibility == .public && submission.wasBest) else { return nil }
    id = submission.id
    benchmark = submission.benchmark
    split = submission.split
    self.phase = submission.phase
    team = submission.team
    system = submission.metadata.system
    kind = submission.metadata.kind.rawValue
    description = submission.metadata.description
    received = submission.received
    state = submission.isWithdrawn ? "withdrawn" : submission.state.rawValue
    digest = submission.digest
    if submission.isWithdrawn {
      note = "It was withdrawn; its history says why."
    } else if submission.state == .pending {
      note = "It is accepted and will be scored."
    } else if submission.state == .failed {
      note = "The server could not score it; it costs no quota."
    } else if visibility == .hidden {
      note = "Scores are hidden in this phase."
    } else {
      verdict = submission.verdict
      scores = submission.report
      if scores == nil { note = "Not a new best: no score is released of it." }
    }
  }
}
