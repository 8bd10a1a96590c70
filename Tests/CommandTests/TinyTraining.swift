import Foundation
import TestSupport
import Testing

/// A folder with a tiny model, which is trained on the sample's dev split.
struct TinyTraining {
  let place: TemporaryFolder
  let program: Program
  let home: [String]

  init() throws {
    place = try TemporaryFolder()
    program = try Program(in: place.url)
    home = ["--data", try SampleFolder.shared.get().folder.file("data").path]
    try TinyModel.write(to: place.file("tiny"))
  }

  func train(_ out: String, _ more: [String]) throws -> Program.Outcome {
    try program.run(
      ["train", "--model", "tiny", "-b", "sample24", "--train-split", "dev"]
        + ["--validation-split", "test", "--max-length", "48", "--epochs", "1", "--batch", "16"]
        + ["--no-early-stop", "--threads", "1", "--out", out] + more + home)
  }

  func predict(_ out: String, _ more: [String]) throws -> Program.Outcome {
    try program.run(["predict", "-b", "sample24", "-s", "test", "--out", out] + more + home)
  }

  func json(_ path: String) throws -> [String: Any] {
    let document = try JSONSerialization.jsonObject(with: Data(contentsOf: place.file(path)))
    return try #require(document as? [String: Any])
  }

  /// The fields of a table's lines.
  func table(_ path: String) throws -> [[String]] {
    try String(contentsOf: place.file(path), encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: "\t").map(String.init)
    }
  }

  func numbers(_ path: String, _ column: Int) throws -> [Double] {
    try table(path).dropFirst().map { try #require(Double($0[column])) }
  }
}
