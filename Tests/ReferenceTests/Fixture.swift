import Foundation
import Reference
import TestSupport

/// A tiny model with what PyTorch computed for it, in float32 and float64.
struct Fixture {
  let folder: URL
  let directory: ModelDirectory
  let expected: [String: Any]

  init(_ name: String) throws {
    folder = Shared.url("fixtures/\(name)")
    directory = try ModelDirectory(folder)
    let data = try Data(contentsOf: folder.appending(path: "expected.json"))
    expected = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
  }

  func engine(threads: Int = 2) throws -> EncoderEngine {
    try directory.makeEngine(threads: threads).engine
  }

  func doubles(_ key: String) -> [Double] { Self.doubles(expected[key]) }

  static func doubles(_ value: Any?) -> [Double] {
    (value as? [NSNumber])?.map(\.doubleValue) ?? []
  }

  static func table(_ value: Any?) -> [[Double]] {
    (value as? [[NSNumber]])?.map { $0.map(\.doubleValue) } ?? []
  }

  static func integers(_ value: Any?) -> [[Int]] {
    (value as? [[NSNumber]])?.map { $0.map(\.intValue) } ?? []
  }

  /// The main batch.
  func batch() throws -> PackedBatch {
    try PackedBatch(
      paddedIDs: Self.integers(expected["input_ids"]),
      mask: Self.integers(expected["attention_mask"]),
      types: expected["token_type_ids"].map(Self.integers), for: directory.configuration)
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
