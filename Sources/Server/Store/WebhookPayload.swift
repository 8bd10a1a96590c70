import Basics
import Foundation
import GRDB
import Harness
import Metrics

/// What a webhook is sent: nothing that the public cannot see at that moment.
struct WebhookPayload: Encodable {
  /// The name of an event.
  var type: String
  /// When it happened.
  var timestamp: Date
  var data: Facts

  struct Facts: Encodable {
    /// `benchmark/split`.
    var board: String?
    var phase: String?
    /// Of a phase.
    var opens, closes: Date?
    /// Of a submission.
    var id: String?
    /// Where the submission is shown on a public board.
    var team, system: String?
    /// True in a late phase, whose entries are shown without a rank; absent elsewhere.
    var late: Bool?
    /// On a public board.
    var verdict: ReleaseGuard.Verdict?
    /// Where the submission is shown on a public board.
    var score: Score?
  }

  struct Score: Encodable {
    var target, metric: String
    var value: Double
  }
}

extension Webhook {
  /// Adds what webhooks are to be sent of a submission whose score is released: part of the
  /// transaction that releases it.
  static func announce(
    _ submission: StoredSubmission, _ release: ReleaseGuard.Release, at now: Date,
    in database: Database
  ) throws {
    let isHeard: Bool? = try database.value(
      "SELECT EXISTS (SELECT * FROM webhook WHERE gone IS NULL)")
    guard isHeard == true else { return }
    var facts = WebhookPayload.Facts(
      board: submission.board.path, phase: submission.phase, id: submission.id)
    let phase = try PhaseList(of: submission.board, in: database).governing(submission, at: now)
    let isPublic = phase?.isShown(at: now) ?? false
    let isShown = isPublic && submission.best != nil && !submission.isWithdrawn
    if submission.isLate { facts.late = true }
    if isPublic { facts.verdict = release.verdict }
    if isShown {
      (facts.team, facts.system) = (submission.team, submission.metadata.system)
      if let primary = release.primary,
        let value = release.report?.targets[primary.target]?[primary.metric]?.value
      {
        facts.score = .init(target: primary.target, metric: primary.metric.id, value: value)
      }
    }
    try enqueue(.submissionScored, facts, on: submission.board, at: now, in: database)
    if isShown {
      try enqueue(.submissionBest, facts, on: submission.board, at: now, in: database)
    }
  }

  /// Adds what webhooks are to be sent of a phase that has opened or closed: once for each name of a
  /// phase on a board, however often the phase is set anew, and also where nobody listens.
  static func announce(
    _ event: Event, of phase: Phase, at now: Date, in database: Database
  ) throws {
    try database.run(
      """
      INSERT INTO webhook_phase (benchmark, split, phase, event) VALUES (?, ?, ?, ?)
      ON CONFLICT DO NOTHING
      """, [phase.benchmark, phase.split, phase.name, event])
    guard database.changesCount == 1 else { return }
    let facts = WebhookPayload.Facts(
      board: phase.board.path, phase: phase.name, opens: phase.opens, closes: phase.closes)
    try enqueue(event, facts, on: phase.board, at: now, in: database)
  }

  private static func enqueue(
    _ event: Event, _ facts: WebhookPayload.Facts, on board: BoardKey, at now: Date,
    in database: Database
  ) throws {
    let all: [Webhook] = try database.all("SELECT * FROM webhook WHERE gone IS NULL ORDER BY id")
    let webhooks = all.filter {
      $0.selected.contains(event) && $0.board.map { $0 == board } ?? true
    }
    guard !webhooks.isEmpty else { return }
    let payload = try WebhookPayload(type: event.rawValue, timestamp: now, data: facts).text()
    for webhook in webhooks {
      try database.run(
        """
        INSERT INTO webhook_delivery (message, webhook, event, payload, made, due)
        VALUES (?, ?, ?, ?, ?, ?)
        """, [newMessageID(), webhook.id, event, payload, now.seconds, now.seconds])
    }
  }

  static func newMessageID() -> String {
    "msg_" + (0..<16).map { _ in UInt8.random(in: 0...255) }.hexadecimal
  }
}

extension WebhookPayload {
  func text() throws(BasicsError) -> String {
    String(decoding: try CanonicalJSON.compact(self), as: UTF8.self)
  }
}
