import Foundation
import Reference
import TestSupport

/// Ids that Hugging Face's tokenizers give: `bpe-2000.json` beside these tests, and larger sets
/// with real essays in `../shared/fixtures/tok`.
struct StringGoldens: Decodable {
  var cases: [Case]
  var truncationCases: [Case]?
  var pairCases: [PairCase]?

  struct Case: Decodable {
    var text: String
    var ids: [Int32]
    var maxLength: Int?
  }

  struct PairCase: Decodable {
    var a: String
    var b: String
    var ids: [Int32]
    var tokenTypeIds: [Int32]?
  }

  static func load(_ data: Data) throws -> StringGoldens {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Self.self, from: data)
  }
}

/// Where MiniLM stands: `INVITRO_MINILM`, or `data/models/minilm` of the checkout.
enum MiniLM {
  static let folder: URL =
    if let path = ProcessInfo.processInfo.environment["INVITRO_MINILM"] {
      URL(filePath: path)
    } else {
      Shared.checkout.appending(path: "data/models/minilm")
    }

  static let exists = FileManager.default.fileExists(
    atPath: folder.appending(path: "vocab.txt").path)
}
