public import ArgumentParser
import Harness
import Reference
import Study

/// What a model is to read of a row, and to predict of it.
struct TaskOptions: ParsableArguments {
  @Option(
    help: """
      What to predict; may be given several times. Default: the benchmark's primary \
      target.
      """) var target: [String] = []

  @Option(
    help: .value(
      "target=w",
      "What a target's loss counts beside those of the others, above 0; may be given several "
        + "times. Default: 1.")) var weight: [String] = []

  @Option(
    help: .value(
      "k", "Texts of the same conversation before a row's own that are read with it, at most."))
  var context: Int = 0

  @Option(
    help: .value("cluster", "The cluster that is the conversation. Default: conversation."))
  var contextBy: String?

  @Option(
    help: .value(
      "attribute",
      "An attribute, a number, that orders a conversation's rows. Default: the file's order."))
  var contextOrder: String?

  @Option(
    help: .value(
      "column",
      "A second text that is read with a row's own: the benchmark's column of second texts, or "
        + "an attribute.")) var pair: String?

  func validate() throws {
    try require(context >= 0, "--context is 0 or more.")
    try require(
      context > 0 || contextBy == nil && contextOrder == nil,
      "--context-by and --context-order belong to --context.")
  }

  /// The targets with their weights.
  func targets(_ definition: BenchmarkDefinition) throws -> [TrainingTarget] {
    var targets = try (target.isEmpty ? [nil] : target.map(Optional.some)).map {
      TrainingTarget(try definition.target(orPrimary: $0).name)
    }
    guard Set(targets.map(\.name)).count == targets.count else {
      throw ValidationError("--target names a target twice.")
    }
    for pair in weight {
      let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
      guard let place = targets.firstIndex(where: { $0.name == parts.first }),
        let value = parts.last.flatMap(Double.init), parts.count == 2, value > 0, value.isFinite
      else {
        throw ValidationError(
          "--weight takes TARGET=NUMBER with a --target and a number above 0, not '\(pair)'.")
      }
      targets[place].weight = value
    }
    return targets
  }

  func input(_ definition: BenchmarkDefinition, maxLength: Int) throws -> InputSettings {
    try InputSettings(
      context: context, by: contextBy, order: contextOrder, pair: pair, maxLength: maxLength,
      in: definition)
  }
}
