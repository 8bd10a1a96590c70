import Foundation
import TestSupport
import Testing

/// An input folder as Codabench lays it out, and the output folder beside it.
private struct Bench {
  let folder: TemporaryFolder
  let program: Program

  init() throws {
    folder = try TemporaryFolder()
    program = try Program(in: folder.url)
  }

  /// With sample24's test split as `ref/sample24`.
  static func imported() throws -> Bench {
    let bench = try Bench()
    let sample = try SampleFolder.shared.get()
    for file in ["dataset.json", "test.csv"] {
      try bench.folder.write(
        Data(contentsOf: sample.folder.file("data/sample24/\(file)")),
        to: "input/ref/sample24/\(file)")
    }
    return bench
  }

  /// With the same labels as `ref/goldstandard_EMP.tsv`, in the form of the shared tasks.
  static func labels() throws -> Bench {
    let bench = try Bench()
    let lines = try goldLabels().map { "\($0.empathy)\t\($0.distress)\n" }
    try bench.folder.write(lines.joined(), to: "input/ref/goldstandard_EMP.tsv")
    return bench
  }

  /// The labels of sample24's test split as they stand in its file.
  static func goldLabels() throws -> [(empathy: String, distress: String)] {
    let sample = try SampleFolder.shared.get()
    let text = try String(
      contentsOf: sample.folder.file("data/sample24-files/goldstandard_EMP.csv"), encoding: .utf8)
    return text.matches(of: #/,([0-9.]+),([0-9.]+)\n/#).map { (String($0.1), String($0.2)) }
  }

  @discardableResult
  func submit(_ text: String, as name: String = "predictions_EMP.tsv") throws -> Bench {
    try folder.write(text, to: "input/res/\(name)")
    return self
  }

  func score(_ options: String...) throws -> Program.Outcome {
    try program.run(
      ["codabench", "input", "output", "--replicates", "200", "--threads", "1"] + options)
  }

  var written: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: folder.file("output").path).sorted()
    }
  }

  func output(_ name: String) throws -> String {
    try String(contentsOf: folder.file("output/\(name)"), encoding: .utf8)
  }

  func scores() throws -> [String: Double] {
    try #require(
      try JSONSerialization.jsonObject(with: Data(output("scores.json").utf8)) as? [String: Double])
  }
}

@Suite("Commands: a scoring program of Codabench")
struct CodabenchTests {
  private func predictions(_ system: Int = 3) throws -> String {
    let sample = try SampleFolder.shared.get()
    return try String(contentsOf: sample.folder.file(sample.system(system)), encoding: .utf8)
  }

  @Test("scores.json is flat and has the figures of `invitro score`; the page stands beside it")
  func scores() throws {
    let bench = try Bench.imported().submit(predictions())
    let outcome = try bench.score()
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(try bench.written == ["detailed_results.html", "scores.json"])
    let sample = try SampleFolder.shared.get()
    let report = try sample.program.run(
      "score", sample.system(3), "-b", "sample24", "-s", "test", "--replicates", "200",
      "--format=json"
    ).object()
    let targets = try #require(report["targets"] as? [String: [String: Any]])
    let scores = try bench.scores()
    for target in ["empathy", "distress"] {
      for metric in ["pcc", "ccc", "rmse", "mae", "spearman", "kendall"] {
        let figure = try #require(targets[target]?[metric] as? [String: Double])
        #expect(scores["\(target)_\(metric)"] == figure["value"])
        #expect(scores["\(target)_\(metric)_low"] == figure["low"])
        #expect(scores["\(target)_\(metric)_high"] == figure["high"])
      }
    }
    #expect(scores["n"] == 83 && scores["clusters"] == 57)
    #expect(scores.count == 2 * 21 + 5)
  }

  @Test("the page needs nothing beside it, shows aggregates, and of a small group that it is there")
  func page() throws {
    let bench = try Bench.imported().submit(predictions())
    #expect(try bench.score().status == 0)
    let page = try bench.output("detailed_results.html")
    for forbidden in ["<script", "http://", "https://", "src=", "href=", "@import", "url("] {
      #expect(!page.contains(forbidden), "\(forbidden)")
    }
    let pcc = try #require(bench.scores()["empathy_pcc"])
    #expect(page.contains("<td>\(pcc)</td>"))
    #expect(page.contains("too small to publish"))
    #expect(page.contains("gender: Female") && page.contains("averaged".capitalized))
    let small = try #require(page.firstMatch(of: #/<tr>[^\n]*too small to publish[^\n]*/#)).0
    #expect(small.filter(\.isNumber).count <= 6, "a group's name, no figure: \(small)")
    let labels = try Bench.goldLabels().map(\.empathy).filter { $0.count > 6 }
    #expect(labels.count > 20)
    for label in labels { #expect(!page.contains(label)) }
  }

  @Test("fewer decimals round everything and leave out the groups")
  func decimals() throws {
    let bench = try Bench.imported().submit(predictions())
    let outcome = try bench.score("--decimals", "2")
    #expect(outcome.status == 0)
    for (name, value) in try bench.scores() {
      #expect(abs((value * 100).rounded() / 100 - value) < 1e-12, "\(name)")
    }
    #expect(try !bench.output("detailed_results.html").contains("gender"))
    #expect(!outcome.out.contains("gender"))
    #expect(try bench.score("--decimals", "5").status == 64)
  }

  @Test(
    "one file of labels is enough, and what Codabench and packers leave behind is passed over",
    arguments: ["predictions_EMP.tsv", "run 1/answer.txt", "up.zip"])
  func labelsAlone(name: String) throws {
    let bench = try Bench.labels()
    let sample = try SampleFolder.shared.get()
    if name.hasSuffix(".zip") {
      let zip = Process()
      zip.executableURL = URL(filePath: "/usr/bin/env")
      zip.arguments = [
        "python3", "-m", "zipfile", "-c", "up.zip", try sample.folder.file(sample.system(3)).path,
      ]
      zip.currentDirectoryURL = bench.folder.url
      try zip.run()
      zip.waitUntilExit()
      try bench.folder.write(Data(contentsOf: bench.folder.file("up.zip")), to: "input/res/up.zip")
    } else {
      try bench.submit(predictions(), as: name)
    }
    for place in ["ref", "res"] {
      try bench.folder.write("exitCode: 0\n", to: "input/\(place)/metadata")
      try bench.folder.write("command: none\n", to: "input/\(place)/metadata.yaml")
      try bench.folder.write("junk", to: "input/\(place)/__MACOSX/._predictions_EMP.tsv")
      try bench.folder.write("junk", to: "input/\(place)/.DS_Store")
    }
    let outcome = try bench.score()
    #expect(outcome.status == 0, "\(outcome.err)")
    let withPersons = try Bench.imported().submit(predictions())
    #expect(try withPersons.score().status == 0)
    let (one, other) = try (bench.scores(), withPersons.scores())
    #expect(one["empathy_pcc"] == other["empathy_pcc"] && one["n"] == 83)
    #expect(one["clusters"] == 83, "no persons: each row is a cluster")
  }

  @Test("an invalid submission ends with 65, its faults by line, and leaves no scores")
  func invalid() throws {
    let bench = try Bench.imported().submit(predictions())
    #expect(try bench.score("--compat", "wassa").status == 0)
    var lines = try predictions().split(separator: "\n").map(String.init)
    lines[2] = "nan\t4"
    lines[7] = "3,5\t4"
    lines.removeLast()
    try bench.submit(lines.joined(separator: "\n") + "\n")
    let outcome = try bench.score("--compat", "wassa")
    #expect(outcome.status == 65)
    #expect(outcome.err.contains("res/predictions_EMP.tsv:3:1"))
    #expect(outcome.err.contains("res/predictions_EMP.tsv:8"))
    #expect(outcome.err.contains("82 rows"))
    #expect(try bench.written == [], "what an earlier run left is gone")
  }

  @Test("two files that may be meant, no file, and a link to the labels are no submission")
  func noSubmission() throws {
    let two = try Bench.labels().submit(predictions(), as: "a.tsv").submit(
      predictions(), as: "b.csv")
    let outcome = try two.score()
    #expect(outcome.status == 65 && outcome.err.contains("a.tsv, b.csv"))
    let empty = try Bench.labels().submit("exitCode: 0", as: "metadata")
    #expect(try empty.score().err.contains("found 'no files'"))
    try FileManager.default.createSymbolicLink(
      at: empty.folder.file("input/res/predictions_EMP.tsv"),
      withDestinationURL: empty.folder.file("input/ref/goldstandard_EMP.tsv"))
    let link = try empty.score()
    #expect(link.status == 65 && link.err.contains("found 'no files'"))
    #expect(try empty.written == [])
  }

  @Test("an organiser's slips are told apart: no ref, no res, no labels, nothing to choose from")
  func organiser() throws {
    let bench = try Bench()
    try bench.folder.write(predictions(), to: "input/res/predictions_EMP.tsv")
    let noLabels = try bench.score()
    #expect(noLabels.status == 66 && noLabels.err.contains("input/ref is not there"))
    try bench.folder.write("exitCode: 0", to: "input/ref/metadata")
    let empty = try bench.score()
    #expect(empty.status == 64 && empty.err.contains("goldstandard_EMP.tsv"))
    let unsubmitted = try Bench.labels().score()
    #expect(unsubmitted.status == 66 && unsubmitted.err.contains("input/res is not there"))
    let wrong = try Bench.imported().submit(predictions()).score("--split", "dev")
    #expect(wrong.status == 66 && wrong.err.contains("dev.csv"))
  }

  @Test("a split that was imported without its labels is called blind")
  func blind() throws {
    let sample = try SampleFolder.shared.get()
    let bench = try Bench()
    let text = try String(
      contentsOf: sample.folder.file("data/sample24-files/goldstandard_EMP.csv"), encoding: .utf8)
    try bench.folder.write(
      text.replacing(#/,[0-9.]+,[0-9.]+\n/#, with: ",,\n"), to: "files/goldstandard_EMP.csv")
    let made = try bench.program.run(
      "data", "import", "sample24", "--from", "files", "--data", "input/ref")
    #expect(made.status == 0, "\(made.err)")
    let outcome = try bench.submit(predictions()).score()
    #expect(outcome.status == 64 && outcome.err.contains("blind"))
    #expect(try bench.written == [])
  }

  @Test("a label that can't be read is not shown to the team")
  func hiddenLabel() throws {
    let bench = try Bench.labels()
    var lines = try Bench.goldLabels().map { "\($0.empathy)\t\($0.distress)\n" }
    lines[4] = "6.62O7\t5.25\n"
    try bench.folder.write(lines.joined(), to: "input/ref/goldstandard_EMP.tsv")
    let outcome = try bench.submit(predictions()).score()
    #expect(outcome.status == 65 && outcome.err.contains("ref/goldstandard_EMP.tsv:5"))
    #expect(!outcome.err.contains("6.62O7"))
  }

  /// What the organisers' script of 2024 (Python 3) prints for the same labels and predictions, by
  /// system: the average, empathy, distress.
  private static let wassa = [
    (0, "0.72775", "0.6951", "0.7604"),
    (1, "0.03090000000000001", "0.3103", "-0.2485"),
    (2, "0.65245", "0.6048", "0.7001"),
    (3, "0.43795", "0.4763", "0.3996"),
  ]

  @Test("--compat wassa writes the lines of the 2024 script", arguments: wassa)
  func wassaLines(system: Int, averaged: String, empathy: String, distress: String) throws {
    let bench = try Bench.labels().submit(predictions(system))
    #expect(try bench.score("--compat", "wassa").status == 0)
    #expect(
      try bench.output("scores.txt")
        == "Track 3 (EMP): Averaged Pearson Correlations: \(averaged)\n\tEmpathy: \(empathy)\n"
        + "\tDistress: \(distress)\n")
    #expect(try bench.written == ["detailed_results.html", "scores.json", "scores.txt"])
  }

  @Test("in those lines a constant or missing column is 0, and a copied one counts")
  func wassaOddities() throws {
    let rows = try predictions().split(separator: "\n").map {
      $0.split(separator: "\t").map(String.init)
    }
    func lines(_ text: String) throws -> String {
      let bench = try Bench.labels().submit(text)
      #expect(try bench.score("--compat", "wassa").status == 0)
      return try bench.output("scores.txt")
    }
    let alone = try lines(rows.map { "\($0[0])\n" }.joined())
    #expect(try lines(rows.map { "\($0[0])\t4\n" }.joined()) == alone)
    #expect(alone.hasSuffix("\tDistress: 0\n"))
    let copied = try lines(rows.map { "\($0[0])\t\($0[0])\n" }.joined())
    #expect(!copied.contains("Distress: 0\n"))
    let constant = try lines(rows.map { _ in "4\t4\n" }.joined())
    #expect(
      constant == "Track 3 (EMP): Averaged Pearson Correlations: 0.0\n\tEmpathy: 0\n\tDistress: 0\n"
    )
  }
}
