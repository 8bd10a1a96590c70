import Foundation

let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "inference": InferenceBench.run(Array(arguments.dropFirst()))
case "inference-many": InferenceBench.many(Array(arguments.dropFirst()))
case "simulate": CoverageSimulation.run(Array(arguments.dropFirst()))
default:
  print("usage: invitro-bench inference [PEER] | inference-many [SYSTEMS] | simulate [--runs N]")
  exit(arguments.isEmpty ? 0 : 64)
}
