public import Foundation
public import GRDB

/// A message on its way to a webhook, from the transaction of the event that caused it until it is
/// delivered or given up.
public struct WebhookDelivery: Decodable, TimedRecord, Sendable, Equatable {
  /// `webhook-id`: the same in all attempts.
  public var message: String
  public var webhook: Int64
  public var event: Webhook.Event
  var payload: String
  public var made: Date
  public var state: State
  public var attempts: Int
  /// The next attempt is at this time or later.
  public var due: Date
  /// The last attempt, with the status that came or why none did.
  public var tried: Date?
  public var status: Int?
  public var problem: String?

  public enum State: String, Codable, Sendable, CaseIterable, DatabaseValueConvertible {
    case waiting, delivered, failed
  }

  /// What came of an attempt.
  package struct Outcome: Sendable, Equatable {
    /// Of the answer; nil where none came.
    package var status: Int?
    /// Why it does not count as delivered; nil where it does.
    package var problem: String?
  }

  /// Attempts until a message is given up: about three days.
  package static let maxAttempts = 20
  /// So many attempts of a message hold back those behind it; later ones let them pass.
  private static let orderedAttempts = 4

  /// Seconds until the next attempt after so many: 5, 15, 45 … up to 6 hours.
  /// - Parameter jitter: a factor that keeps messages from coming back all at once.
  package static func pause(after attempts: Int, jitter: Double) -> Int64 {
    let seconds = min(5 * pow(3, Double(attempts - 1)), 6 * 3600)
    return Int64((seconds * jitter).rounded(.up))
  }

  /// Of each webhook, or of one, the message to be sent next, where its time has come.
  fileprivate static func next(
    of webhook: Int64?, at now: Date, in database: Database
  ) throws -> [WebhookDelivery] {
    try database.all(
      """
      SELECT d.* FROM webhook w JOIN webhook_delivery d ON d.id = (
        SELECT min(id) FROM webhook_delivery x WHERE x.webhook = w.id AND x.state = 'waiting'
          AND (x.attempts < \(orderedAttempts) OR x.due <= :now))
      WHERE d.due <= :now AND (:webhook IS NULL OR w.id = :webhook)
      """, ["now": now.seconds, "webhook": webhook])
  }
}

extension SubmissionStore {
  /// The webhooks that have something to be sent.
  func dueWebhooks(at now: Date) throws(ServerError) -> [Int64] {
    try read { try WebhookDelivery.next(of: nil, at: now, in: $0).map(\.webhook) }
  }

  /// What a webhook is to be sent next; nil for nothing now.
  func nextDelivery(
    of webhook: Int64, at now: Date
  ) throws(ServerError) -> (Webhook, WebhookDelivery)? {
    try read { database in
      guard
        let delivery = try WebhookDelivery.next(of: webhook, at: now, in: database).first,
        let receiver: Webhook = try database.first(
          "SELECT * FROM webhook WHERE id = ?", [webhook])
      else { return nil }
      return (receiver, delivery)
    }
  }

  /// Keeps what came of an attempt. A 410 ends its webhook. After an answer, what failed for want of
  /// one is tried again at once.
  func record(
    _ outcome: WebhookDelivery.Outcome, of delivery: WebhookDelivery, at now: Date,
    jitter: Double = .random(in: 0.75...1.25)
  ) async throws {
    let attempts = delivery.attempts + 1
    let isOver = outcome.problem != nil && attempts >= WebhookDelivery.maxAttempts
    let state: WebhookDelivery.State =
      outcome.problem == nil ? .delivered : isOver ? .failed : .waiting
    let pause = WebhookDelivery.pause(after: attempts, jitter: jitter)
    try await commit { database in
      try database.run(
        """
        UPDATE webhook_delivery SET state = ?, attempts = ?, due = ?, tried = ?, status = ?,
          problem = ? WHERE message = ?
        """,
        [
          state, attempts, now.seconds + pause, now.seconds, outcome.status, outcome.problem,
          delivery.message,
        ])
      if outcome.status == 410 {
        try database.run(
          "UPDATE webhook SET gone = ? WHERE id = ?", [now.seconds, delivery.webhook])
        try database.run(
          "UPDATE webhook_delivery SET state = 'failed' WHERE webhook = ? AND state = 'waiting'",
          [delivery.webhook])
      } else if state == .delivered {
        try database.run(
          """
          UPDATE webhook_delivery SET due = ? WHERE webhook = ? AND state = 'waiting' AND due > ?
            AND tried < ? AND (status IS NULL OR status IN (429, 502, 503, 504))
          """, [now.seconds, delivery.webhook, now.seconds, now.seconds - 60])
      }
    }
  }

  /// Deliveries, the newest first.
  public func deliveries(
    failedOnly: Bool = false, limit: Int
  ) throws(ServerError) -> [WebhookDelivery] {
    try read { database in
      try database.all(
        """
        SELECT * FROM webhook_delivery WHERE NOT ? OR state = 'failed' ORDER BY id DESC LIMIT ?
        """, [failedOnly, limit])
    }
  }

  /// How many deliveries there are in each state.
  func deliveryCounts() throws(ServerError) -> [(state: WebhookDelivery.State, count: Int)] {
    try read { database in
      try WebhookDelivery.State.allCases.map { state in
        let count: Int? = try database.value(
          "SELECT count(*) FROM webhook_delivery WHERE state = ?", [state])
        return (state, count ?? 0)
      }
    }
  }

  /// Sends a message again, from the first attempt on; the receiver knows it by its id.
  /// - Throws: ``ServerError/unknownWebhook(_:)``; ``ServerError/refused(_:)`` where the receiver has
  ///   answered 410.
  public func retryDelivery(_ message: String, at now: Date = Date()) throws(ServerError) {
    try write { database in
      let gone: Bool? = try database.value(
        """
        SELECT w.gone IS NOT NULL FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook
        WHERE d.message = ?
        """, [message])
      guard let gone else { throw ServerError.unknownWebhook("delivery \(message)") }
      guard !gone else {
        throw ServerError.refused(
          "The receiver answered 410 (gone) and is sent nothing more. Remove its webhook and add it "
            + "anew.")
      }
      try database.run(
        "UPDATE webhook_delivery SET state = 'waiting', attempts = 0, due = ? WHERE message = ?",
        [now.seconds, message])
    }
  }
}
