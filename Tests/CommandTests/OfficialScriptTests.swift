import Foundation
import TestSupport
import Testing

/// What the organisers' script of WASSA 2024 wrote for the same labels and predictions, or what
/// make_wassa24.py makes of made-up ones.
@Suite("Commands: scores.txt of the four tracks of WASSA 2024")
struct OfficialScriptTests {
  private static let goldens = Shared.checkout.appending(path: "Tests/CommandTests/Goldens/wassa24")

  private struct Bench {
    let folder: TemporaryFolder
    let program: Program
    let competition: URL

    init(_ competition: URL) throws {
      folder = try TemporaryFolder()
      program = try Program(in: folder.url)
      self.competition = competition
    }

    /// Puts `ref` of the competition in place, and `res` as it is or as one zip.
    func score(isZipped: Bool = false) throws -> Program.Outcome {
      try copy("ref", to: "input/ref")
      let sent = try files("res")
      if isZipped {
        var zip = ZipFile()
        for file in sent {
          zip.entries.append(
            .init(path: "run 1/\(file.lastPathComponent)", content: try Data(contentsOf: file)))
        }
        try folder.write(zip.data, to: "input/res/sent.zip")
      } else {
        try copy("res", to: "input/res")
      }
      return try program.run(
        "codabench", "input", "output", "--replicates", "100", "--threads", "1")
    }

    private func files(_ part: String) throws -> [URL] {
      try FileManager.default.contentsOfDirectory(
        at: competition.appending(path: part), includingPropertiesForKeys: nil)
    }

    private func copy(_ part: String, to place: String) throws {
      for file in try files(part) {
        try folder.write(try Data(contentsOf: file), to: "\(place)/\(file.lastPathComponent)")
      }
    }

    func output(_ name: String) throws -> Data {
      try Data(contentsOf: folder.file("output/\(name)"))
    }

    func scores() throws -> [String: Double] {
      try #require(
        try JSONSerialization.jsonObject(with: output("scores.json")) as? [String: Double])
    }
  }

  private func agrees(_ competition: URL, isZipped: Bool) throws {
    let bench = try Bench(competition)
    let outcome = try bench.score(isZipped: isZipped)
    #expect(outcome.status == 0, "\(outcome.err)")
    let expected = try Data(contentsOf: competition.appending(path: "scores.txt"))
    #expect(try bench.output("scores.txt") == expected)
  }

  @Test(
    "scores.txt is the organisers', byte for byte, of files or of a zip of them",
    .enabled(if: Shared.exists, Shared.missing), arguments: ["all", "constant", "emp-only", "two"],
    [false, true])
  func fixtures(name: String, isZipped: Bool) throws {
    try agrees(Shared.url("fixtures/wassa24/\(name)"), isZipped: isZipped)
  }

  @Test(
    "scores.txt is that of the script's steps in Python, byte for byte",
    arguments: ["all", "some"], [false, true])
  func goldens(name: String, isZipped: Bool) throws {
    try agrees(Self.goldens.appending(path: name), isZipped: isZipped)
  }

  @Test(
    "figures of the shortest file's rows stand beside those of all rows, and say which they are")
  func sideBySide() throws {
    let bench = try Bench(Self.goldens.appending(path: "all"))
    let outcome = try bench.score()
    #expect(outcome.status == 0, "\(outcome.err)")
    let scores = try bench.scores()
    let tracks = ["convd": 14.0, "convt": 40, "emp": 9, "per": 21]
    for (track, rows) in tracks {
      #expect(scores["\(track)_n"] == rows)
      #expect(scores["\(track)_wassa_official_rows"] == 9, "\(track)")
    }
    #expect(scores["emp_wassa_official_averaged"] == scores["emp_wassa_averaged"])
    let lines = String(decoding: try bench.output("scores.txt"), as: UTF8.self)
    let average = try #require(lines.firstMatch(of: /\(CONVT\): Averaged [^:]*: (.*)/)).1
    let official = try #require(scores["convt_wassa_official_averaged"])
    #expect(abs(official - (Double(average) ?? 0)) < 1e-4)
    #expect(abs(official - (try #require(scores["convt_wassa_averaged"]))) > 0.01)
    let page = String(decoding: try bench.output("detailed_results.html"), as: UTF8.self)
    #expect(page.contains("Official script (first 9 rows)") && page.contains("All rows"))
    #expect(outcome.out.contains("official script (first 9 rows)"))
    #expect(outcome.out.contains("all rows"))
  }

  @Test("a file of a track whose labels are not there is told, and so is a second one")
  func unknownTrack() throws {
    let bench = try Bench(Self.goldens.appending(path: "some"))
    #expect(try bench.score().status == 0)
    try FileManager.default.removeItem(at: bench.folder.file("input/ref/goldstandard_EMP.tsv"))
    let missing = try bench.program.run("codabench", "input", "output")
    #expect(missing.status == 64 && missing.err.contains("goldstandard_EMP.tsv"), "\(missing.err)")
    let again = try Bench(Self.goldens.appending(path: "some"))
    try again.folder.write("1\t2\n", to: "input/res/old/predictions_EMP.tsv")
    let second = try again.score()
    #expect(second.status == 65 && second.err.contains("a second predictions_EMP.tsv"))
  }
}
