import Foundation
import TestSupport
import Testing

@Suite("Commands: benchmarks of one's own in a data home")
struct OwnBenchmarkTests {
  private let folder: TemporaryFolder
  private let program: Program

  init() throws {
    folder = try TemporaryFolder()
    program = try Program(in: folder.url)
  }

  private func rows(_ extra: String = "", _ cell: (Int) -> String = { _ in "" }) -> String {
    "essay_id,score\(extra)\n" + (0..<40).map { "e\($0),\($0 % 5)\(cell($0))\n" }.joined()
  }

  /// Makes and imports a benchmark from `files/all.csv`.
  @discardableResult
  private func make(_ id: String, _ options: String...) throws -> Program.Outcome {
    let made = try program.run(["benchmark", "init", id, "--from", "files/all.csv"] + options)
    #expect(made.status == 0, "\(made.err)")
    let imported = try program.run("data", "import", id, "--from", "files")
    #expect(imported.status == 0, "\(imported.err)")
    return imported
  }

  @Test("an import without a cluster column says once that rows are clusters, one with does not")
  func unclustered() throws {
    let note = "There is no cluster column: each essay counts as a cluster of its own."
    try folder.write(rows(), to: "files/all.csv")
    let imported = try make("plain", "--split", "50/50")
    #expect(imported.err.components(separatedBy: note).count == 2, "\(imported.err)")
    try folder.write(rows(",person") { ",p\($0 % 8)" }, to: "files/all.csv")
    #expect(try !make("grouped").err.contains("cluster"))
  }

  @Test("check tells a missing column once, however many splits the file holds")
  func missingColumn() throws {
    try folder.write(rows(",part") { ",\(["train", "dev", "test"][$0 % 3])" }, to: "files/all.csv")
    try make("parts", "--split-column", "part")
    let text = try String(contentsOf: folder.file("files/all.csv"), encoding: .utf8)
    try folder.write(text.replacing("score", with: "grade"), to: "files/all.csv")
    let checked = try program.run("benchmark", "check", "parts", "--from", "files")
    #expect(checked.status == 65)
    #expect(checked.err.components(separatedBy: "a column named score").count == 2)
    #expect(checked.err.contains("1 error\n"), "\(checked.err)")
    try FileManager.default.removeItem(at: folder.file("files/all.csv"))
    let absent = try program.run("benchmark", "check", "parts", "--from", "files")
    #expect(absent.status == 65 && absent.err.contains("splits[0].file"), "\(absent.err)")
    #expect(absent.err.contains("1 error\n"), "\(absent.err)")
  }

  @Test(
    "a broken definition is named and left out; only its own commands fail, with its faults",
    arguments: [
      (#""low" :"#, #""least" :"#, "targets[0].least"),
      (#""id" : "broken""#, #""id" : "other""#, "other"),
      ("{", "", "benchmark.json:2"),
    ])
  func broken(was: String, isNow: String, place: String) throws {
    try folder.write(rows(), to: "files/all.csv")
    try make("broken")
    try make("sound")
    let file = folder.file("data/broken/benchmark.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    let range = try #require(text.range(of: was))
    try folder.write(
      text.replacingCharacters(in: range, with: isNow), to: "data/broken/benchmark.json")

    let listed = try program.run("benchmark", "list")
    #expect(listed.status == 0, "\(listed.err)")
    #expect(listed.out.contains("sound") && !listed.out.contains("broken"))
    #expect(
      listed.err.contains("broken is left out") && listed.err.contains(place), "\(listed.err)")
    try folder.write(
      "id,score\n" + (0..<40).map { "e\($0),\($0 % 7)\n" }.joined(), to: "predictions.csv")
    let scored = try program.run("score", "predictions.csv", "-b", "sound", "--replicates", "100")
    #expect(scored.status == 0, "\(scored.err)")
    let built = try program.run("site", "build", "--out", "out")
    #expect(built.status == 0 && built.err.contains("broken is left out"), "\(built.err)")
    for command in [
      ["score", "predictions.csv", "-b", "broken"], ["benchmark", "check", "broken"],
      ["benchmark", "show", "broken"], ["data", "import", "broken", "--from", "files"],
    ] {
      let outcome = try program.run(command)
      #expect(outcome.status == 65 && outcome.err.contains(place), "\(command): \(outcome.err)")
    }
    let unknown = try program.run("score", "predictions.csv", "-b", "soun")
    #expect(unknown.status == 64 && unknown.err.contains("Did you mean sound?"))
  }
}
