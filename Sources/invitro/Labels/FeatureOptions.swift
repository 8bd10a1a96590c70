import ArgumentParser
import Foundation
import Study

/// What a regression on the text reads, in every command that has one.
struct FeatureOptions: ParsableArguments {
  @Option(
    help: .value(
      "dir", "States that `invitro embed` wrote for these rows, to use instead of word counts."),
    completion: .directory)
  var states: String?

  var features: EssayFeatures {
    EssayFeatures(states: states.map { URL(filePath: $0, directoryHint: .isDirectory) })
  }
}
