import Metrics
import Foundation

/// A condition on a claim that `--require` makes: `pcc>=0.648-0.02`.
public struct Requirement: Equatable, Sendable {
  /// Of the claim.
  public let id: String
  private let comparison: String
  private let limit: Double

  /// The limit may be a sum: its last bit decides nothing.
  private static let comparisons: [String: @Sendable (Double, Double) -> Bool] = [
    ">=": { $0 >= $1 - 1e-9 }, "<=": { $0 <= $1 + 1e-9 }, ">": { $0 > $1 }, "<": { $0 < $1 },
  ]

  /// - Throws: ``StudyError/usage(_:)`` where the text has another form.
  public init(_ text: String) throws {
    guard let match = text.filter({ $0 != " " }).wholeMatch(of: /([^<>]+)([<>]=?)(.+)/),
      let limit = Self.value(String(match.3))
    else {
      throw StudyError.usage(
        "--require takes a claim, a comparison and a number, such as pcc>=0.648-0.02; not '\(text)'."
      )
    }
    let isMetric = Published.metrics.contains { $0.id == match.1 }
    id = isMetric ? "headline/\(match.1)" : String(match.1)
    (comparison, self.limit) = (String(match.2), limit)
  }

  /// The value of a number, or of a sum or difference of two.
  private static func value(_ text: String) -> Double? {
    if let number = Double(text) { return number.isFinite ? number : nil }
    for (place, sign) in zip(text.indices, text) where sign == "+" || sign == "-" {
      guard let a = Double(text[..<place]), let b = Double(text[text.index(after: place)...]),
        a.isFinite, b.isFinite
      else { continue }
      return sign == "+" ? a + b : a - b
    }
    return nil
  }

  /// What came of it.
  public struct Finding: Encodable, Equatable, Sendable {
    public var claim, required: String
    public var ours: Double?
    public var holds: Bool
    /// Why there is nothing to compare.
    public var why: String?
  }

  /// - Throws: ``StudyError/usage(_:)`` where there is no such claim.
  public func finding(in replication: Replication) throws -> Finding {
    guard let claim = replication.claims.first(where: { $0.id == id }) else {
      throw StudyError.usage(
        "There is no claim '\(id)'; `invitro replicate --format csv` lists their ids.")
    }
    return Finding(
      claim: id, required: "\(comparison) \((limit * 1e6).rounded() / 1e6)", ours: claim.ours,
      holds: claim.ours.map { Self.comparisons[comparison]?($0, limit) == true } ?? false,
      why: claim.ours == nil ? claim.note ?? "not run" : nil)
  }
}

/// A replication with what came of the conditions on it: what `invitro replicate --format json` prints.
public struct ReplicationDocument: Encodable {
  var schema = 1
  let tally: [String: Int]
  let requirements: [Requirement.Finding]
  let replication: Replication

  public init(_ replication: Replication, _ findings: [Requirement.Finding]) {
    tally = Dictionary(
      uniqueKeysWithValues: replication.tally().map { ($0.verdict.rawValue, $0.count) })
    (requirements, self.replication) = (findings, replication)
  }
}
