import Foundation
import TestSupport
import Testing

/// The cases of `shared/fixtures/metrics/metrics.json`, read loosely: numbers that are no numbers
/// stand there as strings.
struct MetricsGolden: Sendable, CustomTestStringConvertible {
  let id: Int
  let kind: String
  let x: [Double]
  let y: [Double]
  private let json: Data

  var testDescription: String { "\(id) \(kind) n=\(x.count)" }

  static let all: [MetricsGolden] = {
    guard Shared.exists, let data = try? Shared.data("fixtures/metrics/metrics.json"),
      let root = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
      let cases = root["cases"] as? [[String: Any]]
    else { return [] }
    return cases.compactMap(MetricsGolden.init)
  }()

  private init?(_ object: [String: Any]) {
    guard let id = object["id"] as? Int, let kind = object["kind"] as? String,
      let x = object["x"] as? [Double], let y = object["y"] as? [Double],
      let json = try? JSONSerialization.data(withJSONObject: object)
    else { return nil }
    (self.id, self.kind, self.x, self.y, self.json) = (id, kind, x, y, json)
  }

  /// What stands at `path`, or nil.
  func value(_ path: String...) -> Any? {
    var node = try? JSONSerialization.jsonObject(with: json)
    for key in path { node = (node as? [String: Any])?[key] }
    return node
  }

  /// The number at `path`; nil for "NaN", an error text or nothing.
  func number(_ path: String...) -> Double? {
    var node = try? JSONSerialization.jsonObject(with: json)
    for key in path { node = (node as? [String: Any])?[key] }
    guard let number = node as? NSNumber else { return nil }
    return number.doubleValue
  }
}

/// Relative agreement, with `floor` as the absolute one for values near zero.
func agree(
  _ a: Double, _ b: Double, relative: Double = 1e-9, floor: Double = 1e-13
) -> Bool {
  abs(a - b) <= max(floor, relative * max(abs(a), abs(b)))
}
