import Foundation
import TestSupport
import Testing

@Suite("Commands: exit codes, streams and help")
struct ExitCodeTests {
  private static let commands: [[String]] = [
    [], ["validate"], ["score"], ["compare"], ["submit"], ["submit", "add"], ["submit", "check"],
    ["site"], ["site", "build"], ["site", "check"], ["data"], ["data", "import"],
    ["data", "fetch"], ["data", "sample"], ["data", "stats"], ["data", "check"],
    ["data", "repair"],
  ]

  @Test("every command has a help text that explains it", arguments: commands)
  func help(command: [String]) throws {
    let place = try TemporaryFolder()
    let outcome = try Program(in: place.url).run(command + ["--help"])
    #expect(outcome.status == 0)
    #expect(outcome.err.isEmpty)
    #expect(outcome.out.contains("OVERVIEW: "))
    #expect(outcome.out.contains("USAGE: invitro"))
  }

  @Test(
    "commands that take a file show an example",
    arguments: [["validate"], ["score"], ["compare"], ["submit", "add"], ["data", "import"], []])
  func examples(command: [String]) throws {
    let place = try TemporaryFolder()
    let out = try Program(in: place.url).run(command + ["--help"]).out
    let overview = try #require(out.components(separatedBy: "USAGE:").first)
    #expect(overview.contains((["invitro"] + command).joined(separator: " ")))
    #expect(["--benchmark ", " -b ", "--from "].contains { overview.contains($0) })
  }

  @Test("the version is printed alone")
  func version() throws {
    let place = try TemporaryFolder()
    let outcome = try Program(in: place.url).run("--version")
    #expect(outcome.status == 0)
    #expect(outcome.out.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
  }

  @Test(
    "a request that makes no sense ends with 64 and says why on standard error",
    arguments: [
      ["frobnicate"], ["score", "x.tsv"], ["score", "x.tsv", "-b", "sample24", "--gold", "y"],
      ["score", "x.tsv", "-b", "nothing"], ["score", "x.tsv", "-b", "sample24", "-s", "nothing"],
      ["score", "x.tsv", "-b", "sample24", "--level", "2"],
      ["score", "x.tsv", "-b", "sample24", "--interval", "wild"],
      ["score", "x.tsv", "-b", "sample24", "--by", "shoe-size"],
      ["score", "x.tsv", "-b", "sample24", "--column", "joy=x"],
      ["compare", "x.tsv", "-b", "sample24"], ["compare", "--all", "--runs", "-b", "sample24"],
      ["data", "repair", "newsemp18"], ["data", "fetch", "newsemp24"],
      ["site", "build", "--address", "ftp://x"],
    ])
  func usage(arguments: [String]) throws {
    let sample = try SampleFolder.shared.get()
    let outcome = try sample.program.run(arguments)
    #expect(outcome.status == 64, "\(outcome.err)")
    #expect(outcome.out.isEmpty)
    #expect(!outcome.err.isEmpty)
  }

  @Test("a file or data set that is not there ends with 66 and names the way to get it")
  func missing() throws {
    let place = try TemporaryFolder()
    let program = try Program(in: place.url)
    for (benchmark, hint) in [
      ("sample24", "invitro data sample"), ("newsemp18", "invitro data fetch newsemp18"),
      ("newsemp24", "invitro data import newsemp24 --from DIR"),
    ] {
      let outcome = try program.run("score", "x.tsv", "-b", benchmark)
      #expect(outcome.status == 66)
      #expect(outcome.err.contains(hint))
    }
    let sample = try SampleFolder.shared.get()
    let absent = try sample.program.run("score", "absent.tsv", "-b", "sample24")
    #expect(absent.status == 66)
    #expect(absent.err.contains("absent.tsv is not there"))
    #expect(try program.run("data", "import", "sample24", "--from", "nowhere").status == 66)
    #expect(try program.run("site", "check", "nowhere").status == 66)
  }

  @Test("a bad file ends with 65, all faults on standard error and nothing on standard output")
  func badData() throws {
    let sample = try SampleFolder.shared.get()
    let outcome = try sample.program.run(
      "score", "-", "-b", "sample24", input: "1,5\t2x\nnan\t2\n")
    #expect(outcome.status == 65)
    #expect(outcome.out.isEmpty)
    #expect(outcome.err.contains("-:1:1: error: found '1,5', expected a number with a point"))
    #expect(outcome.err.contains("-:1:2: error: found '2x'"))
    #expect(outcome.err.contains("-:2:1: error: found 'nan'"))
    #expect(outcome.err.contains("found '2 rows', expected 83 rows"))
    #expect(outcome.err.hasSuffix("4 errors\n"))
  }

  @Test(
    "validate says with --format json what is wrong, on standard output, and still ends with 65")
  func badJSON() throws {
    let sample = try SampleFolder.shared.get()
    let outcome = try sample.program.run(
      "validate", "-", "-b", "sample24", "--format=json", input: "1x\n")
    #expect(outcome.status == 65)
    let verdict = try outcome.object()
    #expect(verdict["valid"] as? Bool == false)
    let faults = try #require(verdict["faults"] as? [[String: Any]])
    #expect(Set(faults.compactMap { $0["code"] as? String }) == ["number", "rowCount"])
  }

  @Test("a failed check ends with 1")
  func failedCheck() throws {
    let place = try TemporaryFolder()
    let program = try Program(in: place.url)
    #expect(try program.run("data", "sample").status == 0)
    #expect(try program.run("data", "check").status == 0)
    let file = place.file("data/sample24/test.csv")
    try Data("changed".utf8).write(to: file)
    let outcome = try program.run("data", "check")
    #expect(outcome.status == 1)
    #expect(outcome.out.contains("FAIL sample24/test"))
  }

  @Test("the data home is --data, else INVITRO_DATA, else ./data")
  func dataHome() throws {
    let sample = try SampleFolder.shared.get()
    let place = try TemporaryFolder()
    let program = try Program(in: place.url)
    let home = sample.folder.file("data").path
    #expect(try program.run("data", "stats", "sample24").status == 66)
    #expect(try program.run("data", "stats", "sample24", "--data", home).status == 0)
    let outcome = try program.run(
      "data", "stats", "sample24", environment: ["INVITRO_DATA": home])
    #expect(outcome.status == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: place.url.path).isEmpty)
  }
}
