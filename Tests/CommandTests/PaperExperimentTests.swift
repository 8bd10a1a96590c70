import Foundation
import TestSupport
import Testing

/// The files in `experiments/` against the published tables that they are for.
@Suite("Commands: the paper's experiments")
struct PaperExperimentTests {
  private static let folder = Shared.checkout.appending(path: "experiments")
  /// File, rows, and cells of five seeds.
  private static let files: [(name: String, rows: Int)] = [
    ("table5-newsemp24", 7), ("table5-newsemp24-22", 14), ("table5-newsemp24-23-22", 4),
    ("table6-newsemp24", 4), ("table6-newsemp22", 3),
  ]

  @Test("every file names data that are known, and says all that is missing here", arguments: files)
  func missing(file: (name: String, rows: Int)) throws {
    let place = try TemporaryFolder()
    let outcome = try Program(in: place.url).run(
      "experiment", "run", Self.folder.appending(path: "paper/\(file.name).json").path)
    #expect(outcome.status == 66)
    let benchmark = file.name.hasSuffix("table6-newsemp22") ? "newsemp22" : "newsemp24"
    #expect(outcome.err.contains("data/\(benchmark)/train.csv does not exist. Import it with"))
    #expect(outcome.err.contains("models/roberta-base/config.json does not exist"))
    #expect(outcome.err.contains("`invitro data fetch llmpathy`"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: place.url.path).isEmpty)
  }
}
