import Foundation
import Report

/// `invitro-bench NAME [OPTIONS]` runs one benchmark; `scripts/bench` compares with a peer.
let arguments = Array(CommandLine.arguments.dropFirst())
let options = Array(arguments.dropFirst())
let usage = """
  usage: invitro-bench score PREDICTIONS GOLD | inference [PEER] | inference-many [SYSTEMS] | simulate [--runs N]
                       site | site-fixture OUT [SYSTEMS] | training [OPTIONS] | tokenizers ESSAYS NAME=DIR…
                       probing [OPTIONS] | signs [--teams N]

  """

do {
  switch arguments.first {
  case "score": try ScoreBench.run(options)
  case "inference": InferenceBench.run(options)
  case "inference-many": InferenceBench.many(options)
  case "simulate": CoverageSimulation.run(options)
  case "site": try SiteBench.run()
  case "site-fixture" where !options.isEmpty:
    let systems = options.count > 1 ? Int(options[1]) ?? 12 : 12
    let place = FileManager.default.temporaryDirectory.appending(path: "fixture-\(UUID())")
    defer { try? FileManager.default.removeItem(at: place) }
    let input = try SiteFixture.logged(SiteFixture.input(systems: systems), in: place)
    let summary = try SiteBuilder(source: SiteSource()).build(
      input: input, to: URL(filePath: options[0]))
    print("\(summary.files) files in \(options[0])")
  case "training": try TrainingBench.run(options)
  case "tokenizers": try tokenizerBench(arguments: options)
  case "probing": try ProbingBench.run(options)
  case "signs": try SignsBench.run(options)
  default:
    FileHandle.standardError.write(Data(usage.utf8))
    exit(64)
  }
} catch {
  FileHandle.standardError.write(Data("invitro-bench: \(error)\n".utf8))
  exit(65)
}
