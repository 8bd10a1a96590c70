import Foundation
import Testing

/// Any JSON value. JSONDecoder reads numbers to the last bit, which JSONSerialization does not.
enum JSON: Decodable, Sendable {
  case number(Double), text(String), flag(Bool), list([JSON]), object([String: JSON]), null

  init(from decoder: any Decoder) throws {
    let box = try decoder.singleValueContainer()
    if box.decodeNil() {
      self = .null
    } else if let flag = try? box.decode(Bool.self) {
      self = .flag(flag)
    } else if let number = try? box.decode(Double.self) {
      self = .number(number)
    } else if let text = try? box.decode(String.self) {
      self = .text(text)
    } else if let list = try? box.decode([JSON].self) {
      self = .list(list)
    } else {
      self = .object(try box.decode([String: JSON].self))
    }
  }

  /// What stands at the path; `null` where nothing does.
  subscript(_ path: String...) -> JSON {
    var node = self
    for key in path {
      guard case .object(let members) = node else { return .null }
      node = members[key] ?? .null
    }
    return node
  }

  /// The number; nil for "NaN", an error text or nothing.
  var number: Double? { if case .number(let number) = self { number } else { nil } }
  var items: [JSON] { if case .list(let items) = self { items } else { [] } }
  var numbers: [Double] { items.compactMap(\.number) }

  static func read(_ data: Data) throws -> JSON {
    try JSONDecoder().decode(JSON.self, from: data)
  }

  /// A golden file beside the tests.
  static func golden(_ name: String) throws -> JSON {
    try read(
      Data(
        contentsOf: URL(filePath: #filePath).deletingLastPathComponent()
          .appending(path: "Goldens/\(name)")))
  }
}

/// The cases of `Goldens/metrics.json`: made-up columns, and what scipy, torchmetrics, statsmodels,
/// scikit-learn, krippendorff and 60-digit arithmetic make of them; the file names versions and
/// conventions.
struct MetricsGolden: Sendable, CustomTestStringConvertible {
  let json: JSON
  let x: [Double]
  let y: [Double]
  let z: [Double]
  let kind: String

  var testDescription: String { "\(json["id"].number ?? -1) \(kind) n=\(x.count)" }

  static let all: [MetricsGolden] = {
    // A file that is missing fails the test that counts the cases.
    ((try? JSON.golden("metrics.json"))?["cases"].items ?? []).map(MetricsGolden.init)
  }()

  private init(_ json: JSON) {
    self.json = json
    (x, y, z) = (json["x"].numbers, json["y"].numbers, json["z"].numbers)
    if case .text(let kind) = json["kind"] { self.kind = kind } else { kind = "" }
  }
}

/// Relative agreement, with `floor` as the absolute one for values near zero.
func agree(
  _ a: Double, _ b: Double, relative: Double = 1e-9, floor: Double = 1e-13
) -> Bool {
  abs(a - b) <= max(floor, relative * max(abs(a), abs(b)))
}
