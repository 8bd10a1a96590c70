import Basics
public import Foundation
public import Harness
public import Reference

/// A checkpoint of a run, with what the run's `run.json` says of it.
public struct TrainedModel: Sendable {
  /// The folder as the user named it, and the checkpoint's.
  public let name: String
  public let folder: URL
  public let configuration: TrainingConfiguration
  public let source: RunSource
  /// The folder of the pretrained model.
  public let base: URL
  public let task: ModelTask
  /// SHA-256 over the tokenizer's files.
  let tokenizer: String

  public var seed: UInt64 { configuration.seed }

  /// How many parameters its checkpoint holds.
  func parameterCount() throws -> Int {
    try Safetensors(folder.appending(path: "model.safetensors")).header.entries
      .reduce(0) { $0 + $1.count }
  }

  /// `last` or `best` where the run's links were named.
  var checkpoint: String { folder.lastPathComponent }

  /// - Parameter url: the folder of a run, whose last checkpoint it is, or of one of its checkpoints.
  /// - Throws: `ReferenceError`, and ``StudyError/folder(path:problem:)`` where it is of no run.
  public init(_ url: URL) throws {
    name = url.relativePath
    let isRun = FileManager.default.fileExists(atPath: url.appending(path: "run.json").path)
    folder = isRun ? url.appending(path: "last") : url
    let run = isRun ? url : url.deletingLastPathComponent()
    guard FileManager.default.fileExists(atPath: run.appending(path: "run.json").path) else {
      throw StudyError.folder(
        path: name,
        problem: "expected a run of `invitro train`, or a checkpoint in one: there is "
          + "no run.json, which says the seed and the data")
    }
    let begun = try TrainingRun.settings(of: run)
    guard let source = begun.source else {
      throw StudyError.folder(path: name, problem: "its run.json does not say the data")
    }
    (configuration, self.source, base) = (begun.configuration, source, begun.model)
    task = try ModelDirectory(folder).task()
    tokenizer = try ModelDirectory.tokenizerDigest(of: folder)
  }

  /// In what the two differ beside the seed, in words; empty where the one could have been the other
  /// with its seed.
  func differences(from other: TrainedModel) -> [String] {
    func pair(_ what: String, _ own: String, _ others: String) -> String? {
      own == others ? nil : "\(what) \(own), not \(others)"
    }
    func data(_ source: RunSource) -> String {
      let labels = source.table ?? source.labels.map { "labels of \($0)" } ?? "crowd labels"
      let like = source.labelsLike.map { " like \($0)" } ?? ""
      return "\(source.trainSplits.joined(separator: " and ")) with \(labels)\(like)"
    }
    let differences = [
      pair("benchmark", source.benchmark, other.source.benchmark),
      pair("training data", data(source), data(other.source)),
      pair(
        "targets", task.outputs.joined(separator: ", "), other.task.outputs.joined(separator: ", ")),
      pair("pretrained model", base.path, other.base.path),
      pair("checkpoint", checkpoint, other.checkpoint),
      tokenizer == other.tokenizer ? nil : "another tokenizer",
      task.input == other.task.input ? nil : "another context, second text or maximum length",
      configuration.follows(other.configuration) ? nil : "other settings of the training",
    ]
    return differences.compactMap(\.self)
  }
}

/// Runs that differ in the seed alone and predict together: the mean of their predictions.
public struct ModelEnsemble: Sendable {
  public let members: [TrainedModel]

  /// - Throws: ``StudyError/usage(_:)`` for fewer than two folders,
  ///   ``StudyError/folder(path:problem:)`` for a member that differs from the first in more than the
  ///   seed, or not in the seed.
  public init(_ folders: [URL]) throws {
    guard folders.count > 1 else {
      throw StudyError.usage("An ensemble has at least two runs, found \(folders.count).")
    }
    members = try folders.map { try TrainedModel($0) }
    for (place, member) in members.enumerated().dropFirst() {
      let differences = member.differences(from: members[0])
      guard differences.isEmpty else {
        throw StudyError.folder(
          path: member.name,
          problem:
            "an ensemble's runs differ in the seed alone; compared with \(members[0].name) it "
            + "has \(differences.joined(separator: "; "))")
      }
      if let same = members[..<place].first(where: { $0.seed == member.seed }) {
        throw StudyError.folder(
          path: member.name,
          problem: "it has the seed \(member.seed), as \(same.name) has: an ensemble's seeds differ"
        )
      }
    }
  }

  /// The mean of the members' predictions. One model is in memory at a time.
  /// - Parameter progress: told the member, from 0, and how many of its rows are done.
  public func predict(
    _ inputs: [TextInput], threads: Int, precision: Precision,
    progress: (_ member: Int, _ done: Int, _ of: Int) -> Void = { _, _, _ in }
  ) throws -> ModelPredictions {
    ModelPredictions(
      averaging: try members.enumerated().map { place, member in
        try Predictor(model: member.folder, threads: threads, precision: precision)
          .predict(inputs) { progress(place, $0, $1) }
      })
  }
}

/// The fields of `submission.json` that the runs of a system tell, for `submit add --meta`.
public struct SystemRecord: Encodable, Sendable, Equatable {
  public let kind: SubmissionMetadata.Kind
  public let baseModels: [SubmissionMetadata.BaseModel]
  /// Of all models together.
  public let parameters: Int
  /// Absent for a table, whose rows may come from several benchmarks.
  public let trainingData: [String]?
  public let seeds: [UInt64]
  public let selection: String
  public let targets: [String]

  /// - Parameters:
  ///   - members: one model, or those of an ensemble.
  ///   - targets: what they predict, as the benchmark names it.
  /// - Throws: `ReferenceError` where a checkpoint's weights are not to be read.
  public init(_ members: [TrainedModel], targets: [String]) throws {
    precondition(!members.isEmpty, "a model")
    let (first, source) = (members[0], members[0].source)
    kind = members.count > 1 ? .ensemble : .fineTuned
    baseModels = [SubmissionMetadata.BaseModel(name: first.base.lastPathComponent)]
    parameters = try members.reduce(0) { try $0 + $1.parameterCount() }
    trainingData =
      source.table == nil ? source.trainSplits.map { "\(source.benchmark)/\($0)" } : nil
    seeds = members.map(\.seed)
    let model =
      switch first.checkpoint {
      case "best": "the epoch with the highest validation CCC"
      case "last": "the last epoch"
      default: "the checkpoint \(first.checkpoint)"
      }
    selection =
      members.count > 1 ? "mean of \(members.count) seeds, each of \(model)" : model
    self.targets = targets
  }
}
