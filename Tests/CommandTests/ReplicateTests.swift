import Foundation
import TestSupport
import Testing

@Suite("Command: replicate")
struct ReplicateTests {
  /// An empty folder, and the program in it.
  private let folder: TemporaryFolder
  private let program: Program

  init() throws {
    folder = try TemporaryFolder()
    program = try Program(in: folder.url)
  }

  private func claims(_ outcome: Program.Outcome) throws -> [String: [String: Any]] {
    let replication = try #require(try outcome.object()["replication"] as? [String: Any])
    let claims = try #require(replication["claims"] as? [[String: Any]])
    return Dictionary(
      uniqueKeysWithValues: claims.compactMap { claim in
        (claim["id"] as? String).map { ($0, claim) }
      })
  }

  @Test("with no data at all, the published tables are counted again and the rest says why not")
  func empty() throws {
    let outcome = try program.run("replicate")
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.out.contains("not run: NewsEmp24 test is not in the data home"))
    #expect(outcome.out.contains("claims: 2 replicated, 0 not"))
    #expect(outcome.out.contains("1.209"))
  }

  @Test(
    "the open data replicate the agreement of both models and every count of replaced labels",
    .enabled(if: Shared.exists, Shared.missing))
  func openData() throws {
    let set = try LabelCommandTests.OpenSet.shared.get()
    let outcome = try set.program.run(
      "replicate", "--llmpathy", Shared.url("data/llmpathy").path, "--format=json", "--require",
      "IX/llama-gpt/alpha>=0.79")
    #expect(outcome.status == 0, "\(outcome.err)")
    let claims = try claims(outcome)
    func ours(_ id: String) -> Double? { claims[id]?["ours"] as? Double }
    #expect(ours("IX/llama-gpt/alpha") == 0.7961)
    #expect(ours("newsemp18/llama-crowd/alpha") == 0.4014)
    #expect(ours("newsemp18/llama-crowd/pcc") == 0.4369)
    #expect(ours("replaced/newsemp18/llama/4.0") == 93)
    #expect(ours("replaced/newsemp18/gpt/5.0") == 69)
    let run = claims.values.filter { $0["verdict"] as? String != "not run" }
    #expect(run.count == 17)
    #expect(run.allSatisfy { $0["verdict"] as? String == "replicated" })
    let why = claims["IX/llama-llama-again/alpha"]?["note"] as? String
    #expect(why == "NewsEmp24 train is not in the data home")
  }

  @Test("a condition on a claim that was not run, or does not hold, ends with 1")
  func requirements() throws {
    let headline = try program.run("replicate", "--require", "pcc >= 0.648 - 0.02", "--format=json")
    #expect(headline.status == 1)
    #expect(headline.err.contains("headline/pcc >= 0.628: does not hold"))
    let findings = try #require(try headline.object()["requirements"] as? [[String: Any]])
    #expect(findings.first?["holds"] as? Bool == false)
    #expect(try program.run("replicate", "--require", "contest/wins>=10").status == 0)
    #expect(try program.run("replicate", "--require", "contest/wins>10").status == 1)
    #expect(try program.run("replicate", "--require", "contest/wins<=9+1").status == 0)
  }

  @Test(
    "what is no condition, or names no claim, is a mistake of usage",
    arguments: ["pcc", "pcc>=", ">=0.5", "pcc>=high", "no/such/claim>=1", "pcc==0.6"])
  func badRequirements(text: String) throws {
    #expect(try program.run("replicate", "--require", text).status == 64)
  }

  @Test("label files that are asked for and missing end with 66")
  func missingLabels() throws {
    #expect(try program.run("replicate", "--llmpathy", "nowhere").status == 66)
  }

  @Test(
    "on synthetic files in NewsEmp24's place, claims have the figures that score and agreement give"
  )
  func synthetic() throws {
    try #require(try program.run("data", "sample").status == 0)
    let imported = try program.run(
      "data", "import", "newsemp24", "--from", "data/sample24-files")
    try #require(imported.status == 0, "\(imported.err)")
    let labels = "data/sample24-files/llmpathy"
    let outcome = try program.run("replicate", "--llmpathy", labels, "--format=json")
    #expect(outcome.status == 0, "\(outcome.err)")
    let claims = try claims(outcome)
    let train = "\(labels)/NewsEmp2024/trac3_EMP_train_llama.tsv"
    let agreement = try program.run(
      "agreement", "-b", "newsemp24", "-s", "train", "--labels", "llama=\(train)", "--largest", "0",
      "--format=json")
    let pair = try #require(try agreement.object()["pairs"] as? [[String: Any]]).first
    for figure in ["alpha", "mae", "sd"] {
      #expect(
        claims["IX/llama-crowd/\(figure)"]?["ours"] as? Double == pair?[figure] as? Double)
    }
    let test = "\(labels)/NewsEmp2024/test_data_with_labels/goldstandard_EMP_llama_llama_plain.tsv"
    let score = try program.run(
      "score", test, "-b", "newsemp24", "-s", "test", "--column", "empathy=llm_empathy_plain",
      "--ccc", "lin-n-1", "--format=json")
    let targets = try #require(try score.object()["targets"] as? [String: [String: Any]])
    for metric in ["pcc", "ccc", "rmse"] {
      let scored = targets["empathy"]?[metric] as? [String: Any]
      let claim = claims["VII/newsemp24-test/llama-plain/\(metric)"]
      #expect(claim?["ours"] as? Double == scored?["value"] as? Double)
      #expect(claim?["low"] as? Double == scored?["low"] as? Double)
    }
    #expect(claims["facts/devRows"]?["ours"] as? Double == 63)
    #expect(claims["facts/devEssays"]?["ours"] as? Double == 46)
    let groups = claims.filter { $0.key.hasPrefix("figure-5/") }.values
    #expect(groups.contains { $0["ours"] is Double })
    #expect(claims["headline/pcc"]?["verdict"] as? String == "not run")
  }
}
