import Basics
import Crypto
public import Foundation
public import GRDB
public import Harness

/// An address that the server tells of events, after the Standard Webhooks specification
/// (https://www.standardwebhooks.com). Only the organiser sets one.
public struct Webhook: Decodable, TimedRecord, Sendable, Equatable {
  public var id: Int64
  public var url: String
  /// `whsec_` and the key in base64.
  package var secret: String
  /// Names of events, separated by commas; empty for all.
  private var events: String
  private var benchmark, split: String?
  public var created: Date
  /// When its receiver answered 410: nothing is sent to it any more.
  public var gone: Date?

  /// What webhooks are told.
  public enum Event: String, Codable, Sendable, CaseIterable, DatabaseValueConvertible {
    case submissionScored = "submission.scored"
    /// A submission is its team's new best on a public board.
    case submissionBest = "submission.best"
    case phaseOpened = "phase.opened"
    case phaseClosed = "phase.closed"
  }

  /// The events that it is told of.
  public var selected: [Event] {
    events.isEmpty
      ? Event.allCases : events.split(separator: ",").compactMap { Event(rawValue: String($0)) }
  }

  /// The board whose events alone it is told of; nil for all.
  public var board: BoardKey? {
    guard let benchmark, let split else { return nil }
    return BoardKey(benchmark: benchmark, split: split)
  }

  /// Times are seconds since 1970. What is announced of a phase is announced once by its name.
  static let tables = """
    CREATE TABLE webhook (
      id INTEGER PRIMARY KEY, url TEXT NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
      secret TEXT NOT NULL, events TEXT NOT NULL, benchmark TEXT, split TEXT,
      created INTEGER NOT NULL, gone INTEGER, CHECK ((benchmark IS NULL) = (split IS NULL))
    ) STRICT;

    CREATE TABLE webhook_delivery (
      id INTEGER PRIMARY KEY, message TEXT NOT NULL UNIQUE,
      webhook INTEGER NOT NULL REFERENCES webhook (id) ON DELETE CASCADE, event TEXT NOT NULL,
      payload TEXT NOT NULL CHECK (json_valid(payload)), made INTEGER NOT NULL,
      state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
      attempts INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL, tried INTEGER,
      status INTEGER, problem TEXT
    ) STRICT;
    CREATE INDEX webhook_waiting ON webhook_delivery (webhook, id) WHERE state = 'waiting';
    CREATE INDEX webhook_state ON webhook_delivery (state);

    CREATE TABLE webhook_phase (
      benchmark TEXT NOT NULL, split TEXT NOT NULL, phase TEXT NOT NULL, event TEXT NOT NULL,
      PRIMARY KEY (benchmark, split, phase, event)
    ) STRICT, WITHOUT ROWID;
    """
}

extension Webhook {
  /// Checks an address: https, or http to this machine; no name or password in it.
  /// - Parameter allowsHTTP: http to any machine.
  /// - Throws: ``ServerError/refused(_:)``.
  package static func check(_ address: String, allowsHTTP: Bool = false) throws(ServerError) {
    guard address.utf8.count <= 2000, address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
      let parts = URLComponents(string: address), let host = parts.host, !host.isEmpty,
      URL(string: address) != nil, let scheme = parts.scheme?.lowercased()
    else {
      throw .refused("A webhook's address is an https:// URL in ASCII of at most 2000 characters.")
    }
    guard parts.user == nil, parts.password == nil else {
      throw .refused("A webhook's address has no user name or password before its host.")
    }
    guard parts.fragment == nil else {
      throw .refused("A webhook's address has no fragment (#…): it would not be sent.")
    }
    if scheme == "https" || (scheme == "http" && (allowsHTTP || isLoopback(host))) { return }
    throw .refused(
      "A webhook's address begins with https://. http:// is for this machine, or elsewhere with "
        + "--allow-http, and then anybody on the way can read what is sent.")
  }

  private static func isLoopback(_ host: String) -> Bool {
    let name = host.lowercased().trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
    let numbers = name.split(separator: ".", omittingEmptySubsequences: false)
    return name == "localhost" || name == "::1"
      || (numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil })
  }

  /// 256 random bits.
  fileprivate static func newSecret() -> String {
    let key = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
    return "whsec_" + key.base64EncodedString()
  }

  /// The header fields of one attempt.
  /// - Parameter message: its id, the same in all attempts.
  package func headers(
    message: String, payload: String, at now: Date
  ) -> [String: String] {
    let key = SymmetricKey(data: Data(base64Encoded: String(secret.dropFirst(6))) ?? Data())
    let signed = "\(message).\(now.seconds).\(payload)"
    let code = HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: key)
    return [
      "Content-Type": "application/json", "User-Agent": "invitro/\(ScoreReport.toolVersion)",
      "webhook-id": message, "webhook-timestamp": "\(now.seconds)",
      "webhook-signature": "v1," + Data(code).base64EncodedString(),
    ]
  }
}

extension SubmissionStore {
  /// - Parameters:
  ///   - events: those that it is told of; empty for all.
  ///   - board: whose events alone; nil for all boards.
  /// - Returns: the webhook with its secret, which is shown this one time.
  /// - Throws: ``ServerError/refused(_:)`` for an address that is not allowed.
  public func addWebhook(
    _ address: String, events: [Webhook.Event] = [], board: BoardKey? = nil,
    allowsHTTP: Bool = false, at now: Date = Date()
  ) throws(ServerError) -> (webhook: Webhook, secret: String) {
    try Webhook.check(address, allowsHTTP: allowsHTTP)
    let secret = Webhook.newSecret()
    let names = events.map(\.rawValue).joined(separator: ",")
    let webhook: Webhook? = try write { database in
      try database.first(
        """
        INSERT INTO webhook (url, secret, events, benchmark, split, created)
        VALUES (?, ?, ?, ?, ?, ?) RETURNING *
        """, [address, secret, names, board?.benchmark, board?.split, now.seconds])
    }
    guard let webhook else { throw .store(path: url.relativePath, reason: "no webhook was stored") }
    return (webhook, secret)
  }

  public func webhooks() throws(ServerError) -> [Webhook] {
    try read { try $0.all("SELECT * FROM webhook ORDER BY id") }
  }

  /// - Throws: ``ServerError/unknownWebhook(_:)``.
  public func webhook(_ id: Int64) throws(ServerError) -> Webhook {
    let found: Webhook? = try read { try $0.first("SELECT * FROM webhook WHERE id = ?", [id]) }
    guard let found else { throw .unknownWebhook("webhook \(id)") }
    return found
  }

  /// Removes a webhook with its deliveries, sent or not.
  /// - Throws: ``ServerError/unknownWebhook(_:)``.
  public func removeWebhook(_ id: Int64) throws(ServerError) {
    try write { database in
      try database.run("DELETE FROM webhook WHERE id = ?", [id])
      guard database.changesCount == 1 else { throw ServerError.unknownWebhook("webhook \(id)") }
    }
  }
}
