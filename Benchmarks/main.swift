import Foundation
import Report

let arguments = Array(CommandLine.arguments.dropFirst())
let site = URL(filePath: "site")

switch arguments.first {
case "site":
  try SiteBench.run(source: site)
case "site-fixture" where arguments.count >= 2:
  let systems = arguments.count > 2 ? Int(arguments[2]) ?? 12 : 12
  let summary = try SiteBuilder(source: site).build(
    input: SiteFixture.input(systems: systems), to: URL(filePath: arguments[1]))
  print("\(summary.files) files in \(arguments[1])")
default:
  print("usage: invitro-bench site | site-fixture OUT [SYSTEMS]")
}
