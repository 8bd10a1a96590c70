import Foundation
import Harness

/// A valid upload on its way into the store.
struct Candidate: Sendable {
  var metadata: SubmissionMetadata
  /// The predictions in the form in which they are kept.
  var file: Data
  /// Of the predictions as read.
  var digest: String
  var idempotency: Idempotency?
  /// Decides what is released of it, given the predictions that are its team's best so far.
  var judge: @Sendable (_ best: Data?) throws -> ReleaseGuard.Release
}

/// How a client names a request, so that it may be sent twice.
struct Idempotency: Sendable, Equatable {
  var key: String
  /// SHA-256 of the upload as it came.
  var payload: String
}

/// Where a team stands on a board when its upload is scored.
struct Standing: Sendable {
  var phase: Phase
  /// The team's best and its predictions; nil for none.
  var best: Best?

  struct Best: Sendable {
    var key: Int64
    var file: Data?
  }
}

/// What was made of a submission before the transaction that records it.
struct Judgement: Sendable {
  /// Fails where the server could not score it.
  var outcome: Result<ReleaseGuard.Release, any Error>
  /// The team's best that it was judged against.
  var best: Int64?
}

/// A submission that is in the store.
struct Recorded: Sendable {
  var submission: StoredSubmission
  /// False where it had been recorded before.
  var isNew = true
  /// Why the server could not score it: then it waits in the queue.
  var failure: (any Error)?
}

/// Why a valid upload is not taken.
enum Refusal: Error, Equatable {
  /// The token was revoked while the upload was on its way.
  case tokenRevoked
  /// The board's phase changed while the upload was scored.
  case phaseChanged
  /// The key came with another upload before.
  case keyReused
  /// Another team has submitted these predictions.
  case predictionsTaken
  case quota(QuotaKind, limit: Int)

  enum QuotaKind: String, Sendable {
    case validDaily = "valid submissions a day"
    case validTotal = "valid submissions in this phase"
    case failingDaily = "failed uploads a day"
    case failingTotal = "failed uploads in this phase"

    var endsAtMidnight: Bool { self == .validDaily || self == .failingDaily }
  }
}

/// Who looks after a submission that waits, and for how long.
struct Lease: Sendable {
  var owner: String
  var seconds: Int64
}
