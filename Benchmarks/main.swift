import Foundation
import Report

let arguments = Array(CommandLine.arguments.dropFirst())
let site = URL(filePath: "site")

switch arguments.first {
case "inference": InferenceBench.run(Array(arguments.dropFirst()))
case "inference-many": InferenceBench.many(Array(arguments.dropFirst()))
case "simulate": CoverageSimulation.run(Array(arguments.dropFirst()))
case "site": try SiteBench.run(source: site)
case "site-fixture" where arguments.count >= 2:
  let systems = arguments.count > 2 ? Int(arguments[2]) ?? 12 : 12
  let summary = try SiteBuilder(source: site).build(
    input: SiteFixture.input(systems: systems), to: URL(filePath: arguments[1]))
  print("\(summary.files) files in \(arguments[1])")
default:
  print(
    """
    usage: invitro-bench inference [PEER] | inference-many [SYSTEMS] | simulate [--runs N]
                         site | site-fixture OUT [SYSTEMS]
    """)
  exit(arguments.isEmpty ? 0 : 64)
}
