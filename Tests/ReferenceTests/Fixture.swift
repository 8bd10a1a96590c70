import Foundation
import Reference

/// The goldens beside these tests; a missing or empty one throws.
enum Goldens {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Goldens")

  static func url(_ path: String) -> URL { folder.appending(path: path) }

  static func data(_ path: String) throws -> Data {
    let data = try Data(contentsOf: url(path))
    guard !data.isEmpty else { throw Missing.empty(path) }
    return data
  }

  enum Missing: Error { case empty(String), key(String) }
}

/// A tiny model with what PyTorch computed for it: figures in float64, gradients and final weights
/// in float32.
struct Fixture {
  let folder: URL
  let directory: ModelDirectory
  let expected: [String: Any]

  init(_ name: String) throws {
    folder = Goldens.url(name)
    directory = try ModelDirectory(folder)
    let document = try JSONSerialization.jsonObject(with: Goldens.data("\(name)/expected.json"))
    guard let fields = document as? [String: Any] else { throw Goldens.Missing.key(name) }
    expected = fields
  }

  func engine(threads: Int = 2) throws -> EncoderEngine {
    try directory.makeEngine(threads: threads).engine
  }

  func doubles(_ key: String) throws -> [Double] { try Self.doubles(expected[key]) }

  static func doubles(_ value: Any?) throws -> [Double] { try list(value, of: Double.self) }
  static func table(_ value: Any?) throws -> [[Double]] { try list(value, of: [Double].self) }
  static func integers(_ value: Any?) throws -> [[Int]] { try list(value, of: [Int].self) }

  /// A list that is there and not empty.
  private static func list<Element>(_ value: Any?, of: Element.Type) throws -> [Element] {
    guard let list = value as? [Element], !list.isEmpty else {
      throw Goldens.Missing.key("a list of \(Element.self)")
    }
    return list
  }

  /// The main batch.
  func batch() throws -> PackedBatch {
    try PackedBatch(
      paddedIDs: Self.integers(expected["input_ids"]),
      mask: Self.integers(expected["attention_mask"]),
      types: expected["token_type_ids"].map { try Self.integers($0) },
      for: directory.configuration)
  }
}

/// The largest absolute difference; infinite where the lengths differ or a value is not finite.
func maximumDifference(_ a: some Collection<Float>, _ b: some Collection<Double>) -> Double {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).reduce(0) { largest, pair in
    let difference = abs(Double(pair.0) - pair.1)
    return difference.isNaN ? .infinity : max(largest, difference)
  }
}
