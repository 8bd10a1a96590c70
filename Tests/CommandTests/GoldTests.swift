import Foundation
import TestSupport
import Testing

@Suite("Commands: labels without a benchmark")
struct GoldTests {
  private let place: TemporaryFolder
  private let program: Program

  /// 80 turns by 20 speakers on 8 articles; `a.csv` is nearer to the labels than `b.csv`.
  init() throws {
    place = try TemporaryFolder()
    program = try Program(in: place.url)
    var gold = "turn_id,speaker,article,gender,empathy,distress\n"
    var (a, b, bare) = ("turn_id,empathy,distress\n", "turn_id,empathy,distress\n", "")
    for row in 0..<80 {
      let (empathy, distress) = (1 + row * 7 % 13 / 2, 1 + row * 5 % 11 / 2)
      let gender = row % 20 == 0 ? "other" : row % 2 == 0 ? "male" : "female"
      gold += "t\(row),s\(row % 20),a\(row / 10),\(gender),\(empathy),\(distress)\n"
      a += "t\(row),\(min(7, Double(empathy) + Double(row % 3) / 3)),\(Double(distress) - 0.5)\n"
      b += "t\(row),\(Double(empathy) + Double(row % 9) / 2),\(Double(row * 3 % 7))\n"
      bare += "\(empathy)\t\(distress)\n"
    }
    for (name, text) in [
      "gold.csv": gold, "a.csv": a, "b.csv": b, "runs/a/1.csv": a, "runs/a/2.csv": b,
      "runs/b/1.csv": b, "runs/b/2.csv": a, "bare.tsv": bare,
    ] {
      try place.write(text, to: name)
    }
  }

  private let said = [
    "--gold", "gold.csv", "--id", "turn_id", "--target", "empathy:1:7", "--target", "distress",
    "--cluster", "speaker", "--cluster", "article", "--attribute", "gender", "--primary", "ccc",
    "--replicates", "200",
  ]

  @Test("score takes every option of a definition, and says nothing that was said")
  func options() throws {
    let outcome = try program.run(["score", "a.csv", "--format=json"] + said)
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.err.isEmpty)
    let report = try outcome.object()
    #expect(report["benchmark"] as? String == "files" && report["split"] as? String == "gold.csv")
    #expect(report["n"] as? Int == 80 && report["clusters"] as? Int == 20)
    #expect((report["crossed"] as? [String: Any])?["cluster"] as? String == "speaker+article")
    let groups = try #require(report["groups"] as? [[String: Any]])
    #expect(groups.count == 3 && groups.contains { $0["suppressed"] != nil })
    let rows = try program.run(
      ["score", "a.csv", "--gold", "gold.csv", "--cluster", "row", "--replicates", "200"])
    #expect(rows.out.contains("80 rows, 80 clusters"))
  }

  @Test("without options score guesses, and says so in one line on standard error")
  func guesses() throws {
    let outcome = try program.run("score", "a.csv", "--gold", "gold.csv", "--replicates", "200")
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(
      outcome.err == "Guessed from gold.csv: id turn_id; targets empathy, distress; "
        + "clusters speaker, article; attribute gender. "
        + "Override with --id, --target, --cluster, --attribute.\n")
    #expect(outcome.out.contains("other"))
    let male = try program.run(
      "score", "-", "--gold", "gold.csv", "--by", "gender", "--all-groups", "--replicates", "200",
      input: String(contentsOf: place.file("a.csv"), encoding: .utf8))
    #expect(male.status == 0, "\(male.err)")
    #expect(male.out.contains("not for publication"))
  }

  @Test("that rows are clusters is said once")
  func unclustered() throws {
    let score = try program.run("score", "bare.tsv", "--gold", "bare.tsv", "--replicates", "200")
    #expect(score.status == 0 && score.err.isEmpty, "\(score.err)")
    #expect(score.out.components(separatedBy: "no clusters").count == 2)
    let compare = try program.run(
      "compare", "bare.tsv", "bare.tsv", "--gold", "bare.tsv", "--replicates", "200")
    #expect(compare.err == "bare.tsv has no header: each row counts as a cluster of its own.\n")
  }

  @Test("compare tests two files, runs and many files on several targets")
  func compare() throws {
    let two = try program.run(["compare", "a.csv", "b.csv", "--format=json"] + said)
    #expect(two.status == 0, "\(two.err)")
    let report = try two.object()
    #expect(Set((report["targets"] as? [String: Any] ?? [:]).keys) == ["empathy", "distress"])
    #expect((report["conclusion"] as? String)?.contains("CCC of empathy") ?? false)
    let all = try program.run(["compare", "--all", "a.csv", "b.csv"] + said)
    #expect(all.status == 0 && all.out.contains("a.csv"), "\(all.err)")
    let runs = try program.run(["compare", "--runs", "runs/a", "runs/b"] + said)
    #expect(runs.status == 0, "\(runs.err)")
  }

  @Test("validate checks a file against labels")
  func validate() throws {
    let good = try program.run("validate", "a.csv", "--gold", "gold.csv")
    #expect(good.status == 0, "\(good.err)")
    #expect(good.out == "a.csv is valid: 80 rows of files/gold.csv, empathy and distress\n")
    #expect(
      good.err == "Guessed from gold.csv: id turn_id; targets empathy, distress. "
        + "Override with --id, --target.\n")
    try place.write("turn_id,empathy\nt1,2\nt1,3\n", to: "bad.csv")
    let bad = try program.run("validate", "bad.csv", "--gold", "gold.csv", "--format=json")
    #expect(bad.status == 65)
    #expect(try bad.object()["valid"] as? Bool == false)
  }

  @Test("columns that the file lacks end with 65, all of them told")
  func missingColumns() throws {
    let outcome = try program.run(
      "score", "a.csv", "--gold", "gold.csv", "--target", "empathie", "--cluster", "speakr")
    #expect(outcome.status == 65)
    #expect(outcome.out.isEmpty)
    #expect(outcome.err.contains("did you mean 'empathy'?"))
    #expect(outcome.err.contains("did you mean 'speaker'?"))
    #expect(outcome.err.hasSuffix("2 errors\n"))
  }

  @Test(
    "options that do not go together end with 64",
    arguments: [
      ["score", "a.csv", "--gold", "gold.csv", "--split", "test"],
      ["score", "a.csv", "-b", "sample24", "--target", "empathy"],
      ["score", "a.csv", "-b", "sample24", "--attribute", "gender"],
      ["score", "a.csv", "-b", "sample24", "--primary", "ccc"],
      ["score", "a.csv", "-b", "sample24", "--cluster", "person", "--cluster", "article"],
      ["score", "a.csv", "--gold", "gold.csv", "--primary", "f1"],
      ["score", "a.csv", "--gold", "gold.csv", "--by", "race"],
      ["compare", "a.csv", "b.csv"], ["compare", "--all", "--gold", "gold.csv"],
      ["validate", "a.csv"], ["validate", "a.csv", "-b", "sample24", "--id", "x"],
    ])
  func usage(arguments: [String]) throws {
    let outcome = try program.run(arguments)
    #expect(outcome.status == 64, "\(outcome.err)")
    #expect(outcome.out.isEmpty && !outcome.err.isEmpty)
  }
}
