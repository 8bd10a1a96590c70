import Foundation
import TestSupport
import Testing

@Suite("Commands: what a team and a maintainer do")
struct FlowTests {
  private static let quick = ["--replicates", "200"]

  @Test("data sample makes and imports the set, and says what it holds")
  func sample() throws {
    let sample = try SampleFolder.shared.get()
    #expect(sample.made.status == 0)
    let summary = try sample.made.object()
    let splits = try #require(summary["splits"] as? [[String: Any]])
    #expect(splits.compactMap { $0["name"] as? String } == ["train", "dev", "test"])
    #expect(splits.compactMap { $0["rows"] as? Int } == [1000, 63, 83])
    #expect(try sample.systems().count == 4)
    #expect(try sample.program.run("data", "sample").status == 65, "the folder is in use")
  }

  @Test("a score is the same from a file and from standard input, as text and as JSON")
  func score() throws {
    let sample = try SampleFolder.shared.get()
    let file = try sample.system(3)
    let arguments = ["-b", "sample24", "-s", "test"] + Self.quick
    let fromFile = try sample.program.run(["score", file] + arguments + ["--format=json"])
    let text = try String(contentsOf: sample.folder.file(file), encoding: .utf8)
    let fromInput = try sample.program.run(
      ["score", "-"] + arguments + ["--format=json"], input: text)
    #expect(fromFile.status == 0 && fromFile.out == fromInput.out)
    let report = try fromFile.object()
    #expect(report["n"] as? Int == 83)
    let targets = try #require(report["targets"] as? [String: [String: Any]])
    let pcc = try #require((targets["empathy"]?["pcc"] as? [String: Double])?["value"])
    let shown = try sample.program.run(["score", file] + arguments)
    #expect(shown.status == 0)
    #expect(shown.out.contains("\(pcc)"))
    #expect(shown.out.contains(try #require(report["signature"] as? String)))
  }

  @Test("score shows every group on request, and says that this is not for publication")
  func allGroups() throws {
    let sample = try SampleFolder.shared.get()
    let arguments =
      ["score", try sample.system(3), "-b", "sample24", "-s", "test", "--by", "race,gender"]
      + Self.quick
    func groups(_ report: [String: Any]?) throws -> [[String: Any]] {
      try #require(report?["groups"] as? [[String: Any]])
    }
    let released = try groups(try sample.program.run(arguments + ["--format=json"]).object())
    let local = try sample.program.run(arguments + ["--all-groups", "--format=json"]).object()
    #expect(local["publishable"] as? Bool == false)
    let all = try groups(local["report"] as? [String: Any])
    #expect(all.count == released.count && all.allSatisfy { $0["n"] is Int })
    let withheld = released.filter { $0["suppressed"] != nil }
    #expect(!withheld.isEmpty && withheld.allSatisfy { $0["n"] == nil && $0["empathy"] == nil })
    let text = try sample.program.run(arguments + ["--all-groups"])
    #expect(text.status == 0 && text.out.contains("This report is for this machine"))
    #expect(!text.out.contains("too small to publish"))
  }

  @Test("validate tells a sound file by its rows and targets")
  func validate() throws {
    let sample = try SampleFolder.shared.get()
    let file = try sample.system(1)
    let outcome = try sample.program.run("validate", file, "-b", "sample24", "--format=json")
    #expect(outcome.status == 0)
    let verdict = try outcome.object()
    #expect(verdict["valid"] as? Bool == true)
    #expect(verdict["rows"] as? Int == 83)
    #expect((verdict["sha256"] as? String)?.count == 64)
  }

  @Test("compare finds no difference between a file and itself, and ranks several")
  func compare() throws {
    let sample = try SampleFolder.shared.get()
    let files = try (0..<4).map(sample.system)
    let arguments = ["-b", "sample24", "-s", "test", "--format=json"] + Self.quick
    let itself = try sample.program.run(["compare", files[0], files[0]] + arguments).object()
    #expect(
      (itself["conclusion"] as? String)?.hasPrefix("The two systems do not differ significantly")
        == true)
    let all = try sample.program.run(["compare", "--all"] + files + arguments).object()
    let comparison = try #require(all["comparison"] as? [String: Any])
    #expect((comparison["pairs"] as? [Any])?.count == 6)
    #expect((comparison["standings"] as? [Any])?.count == 4)
    let text = try sample.program.run(
      ["compare", files[0], files[3]] + arguments.filter { $0 != "--format=json" })
    #expect(
      text.status == 0
        && text.out.contains("Krippendorff alpha, PCC within clusters: studentised swap test"))
  }

  @Test("stats and check print JSON on request")
  func json() throws {
    let sample = try SampleFolder.shared.get()
    let statistics = try sample.program.run("data", "stats", "sample24", "--json").object()
    #expect((statistics["splits"] as? [Any])?.count == 3)
    let check = try sample.program.run("data", "check", "--json")
    let results = try JSONSerialization.jsonObject(with: Data(check.out.utf8)) as? [[String: Any]]
    #expect(results?.compactMap { $0["isSound"] as? Bool } == [true, true, true])
  }

  @Test("from predictions to a checked site whose bytes do not depend on when it is built")
  func site() throws {
    let sample = try SampleFolder.shared.get()
    let place = try TemporaryFolder()
    let program = try Program(in: place.url)
    let home = ["--data", sample.folder.file("data").path]
    for index in 0..<3 {
      let file = sample.folder.file(try sample.system(index)).path
      let add = ["submit", "add", file, "-b", "sample24", "-s", "test", "--team", "Team"]
      let options = ["--system", "S\(index)", "--kind", "baseline", "--date", "2026-01-02"]
      let outcome = try program.run(add + options + home)
      #expect(outcome.status == 0, "\(outcome.err)")
      #expect(outcome.out == "submissions/sample24/team-s\(index)\n")
      #expect(try program.run(add + options + home).status == 65, "the slug is taken")
      #expect(try program.run(add + options + ["--slug", "again"] + home).status == 65)
    }
    #expect(try program.run(["submit", "check"] + home).out.hasPrefix("3 entries are sound"))
    for out in ["one", "two", "fresh"] {
      let fresh = out == "fresh" ? ["--fresh", "--threads", "1"] : []
      let built = try program.run(["site", "build", "--out", out] + Self.quick + fresh + home)
      #expect(built.status == 0, "\(built.err)")
      #expect(
        built.err.contains("submissions/ledger: 3 events logged") == (out == "one"), "\(built.err)")
      let checked = try program.run(["site", "check", out] + home)
      #expect(checked.status == 0, "\(checked.out)")
    }
    let one = try content(of: place.file("one"))
    #expect(one.keys.contains { $0.hasSuffix("leaderboard.json") })
    #expect(one.keys.contains { $0.hasSuffix("leaderboard.csv") })
    #expect(one.keys.contains { $0.hasSuffix("ledger/tile/entries/000.p/3") })
    #expect(try content(of: place.file("two")) == one)
    #expect(try content(of: place.file("fresh")) == one)
  }

  @Test("a benchmark of one's own is known by its id from its import to a checked site")
  func ownBenchmark() throws {
    let sample = try SampleFolder.shared.get()
    let place = try TemporaryFolder()
    let program = try Program(in: place.url)
    let shipped = "Sources/Harness/Resources/Benchmarks/sample24.json"
    let definition = try String(
      contentsOf: Shared.checkout.appending(path: shipped), encoding: .utf8)
    try place.write(
      definition.replacing(#""id": "sample24""#, with: #""id": "own24""#), to: "own24.json")
    let files = sample.folder.file("data/sample24-files").path
    #expect(try program.run("data", "import", "own24.json", "--from", files).status == 0)
    for index in 0..<2 {
      let file = sample.folder.file(try sample.system(index)).path
      let added = try program.run(
        "submit", "add", file, "-b", "own24", "-s", "test", "--team", "T", "--system",
        "S\(index)")
      #expect(added.status == 0, "\(added.err)")
    }
    for command in [["submit", "check"], ["site", "build"] + Self.quick] {
      let known = try program.run(command)
      #expect(known.status == 0, "\(known.err)")
    }
    #expect(try program.run("site", "check").status == 0)
    let pages = try content(of: place.file("site/public")).keys
    #expect(pages.contains("own24/index.html") && pages.contains("own24/test/compare.html"))
  }

  @Test("a published system is not added with predictions, and one without team is not added")
  func refusedEntries() throws {
    let sample = try SampleFolder.shared.get()
    let add = ["submit", "add", try sample.system(0), "-b", "sample24", "-s", "test"]
    for options in [["--team", "T", "--system", "S", "--kind", "published"], ["--team", "T"]] {
      let outcome = try sample.program.run(add + options + ["--submissions", "refused"])
      #expect(outcome.status == 64)
    }
    let unknown = try sample.program.run(
      add + ["--team", "T", "--system", "S", "--kind", "magic", "--submissions", "refused"])
    #expect(unknown.status == 65)
    #expect(!FileManager.default.fileExists(atPath: sample.folder.file("refused").path))
  }

  @Test("two folders of runs are compared, with the warning what that means")
  func runs() throws {
    let sample = try SampleFolder.shared.get()
    let place = try TemporaryFolder()
    for (folder, indices) in [("a", [0, 1]), ("b", [2, 3])] {
      for index in indices {
        let file = sample.folder.file(try sample.system(index))
        try place.write(Data(contentsOf: file), to: "\(folder)/seed\(index).tsv")
      }
    }
    let outcome = try sample.program.run([
      "compare", "--runs", place.file("a").path, place.file("b").path, "-b", "sample24", "-s",
      "test",
    ])
    #expect(outcome.status == 0)
    #expect(outcome.out.contains("Hedges g"))
    #expect(outcome.out.contains("training procedure"))
  }

  /// Every file below `folder` by its path.
  private func content(of folder: URL) throws -> [String: Data] {
    let walker = FileManager.default.enumerator(atPath: folder.path)
    let paths = walker?.allObjects as? [String] ?? []
    var files: [String: Data] = [:]
    for path in paths {
      let url = folder.appending(path: path)
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder),
        !isFolder.boolValue
      else { continue }
      files[path] = try Data(contentsOf: url)
    }
    #expect(files.count > 10)
    return files
  }
}
