import Basics
import ArgumentParser
import Basics
import Foundation
import Harness
import Metrics
import Reference

/// Takes cells from training to scored predictions.
struct ExperimentRunner {
  let experiment: Experiment
  let inputs: ExperimentInputs
  let folder: ExperimentFolder
  let keepModels: Bool
  private(set) var tally = ExperimentTally()
  private let interrupt = Interrupt()

  init(
    experiment: Experiment, inputs: ExperimentInputs, folder: ExperimentFolder, keepModels: Bool
  ) {
    self.experiment = experiment
    self.inputs = inputs
    self.folder = folder
    self.keepModels = keepModels
  }

  /// Finishes one cell, unless it is finished or another process has it.
  mutating func run(_ cell: ExperimentPlan.Cell, place: Int, of count: Int) throws {
    let title = "[\(place)/\(count)] \(cell.name): \(cell.row.name), seed \(cell.seed)"
    if try folder.isFinished(cell, inputs) {
      tally.skipped += 1
      return Console.message("\(title): finished before")
    }
    let url = folder.cell(cell.name)
    try AtomicFile.createFolder(url)
    guard let lock = try CellLock(url) else {
      tally.busy.append(cell.name)
      return Console.message("\(title): another process works on it")
    }
    defer { withExtendedLifetime(lock) {} }
    // The other process may have finished it in the meantime.
    if try folder.isFinished(cell, inputs) {
      tally.skipped += 1
      return
    }
    Console.message(title)
    try AtomicFile.write(
      try CanonicalJSON.document(cell.cell), to: url.appending(path: "cell.json"))
    do {
      guard let outcome = try train(cell) else {
        tally.interrupted = true
        return
      }
      try finish(cell, outcome)
      tally.trained += 1
    } catch ReferenceError.notFinite(let quantity, let step, _) {
      // The others may do better: the cell is left unfinished and named at the end.
      tally.failed.append(cell.name)
      Console.message("\(title): the \(quantity) is not finite at step \(step)")
    }
  }

  /// Begins the cell's run or goes on with it; nil where it was interrupted.
  private func train(_ cell: ExperimentPlan.Cell) throws -> TrainingOutcome? {
    let started = ContinuousClock.now
    let settings = cell.row.settings
    let url = folder.cell(cell.name).appending(path: "run")
    let model = inputs.url(settings.model)
    let tokenizer = try Tokenizer.load(directory: model)
    let table = try inputs.training(settings)
    let training = LabelledRows(table.rows.map(\.text), labels: table.rows.map(\.label))
      .examples(tokenizer, maxLength: settings.recipe.maxLength)
    let validation = try inputs.validation(settings)
      .examples(tokenizer, maxLength: settings.recipe.maxLength)
    let begun = FileManager.default.fileExists(atPath: url.appending(path: "run.json").path)
    let run =
      begun
      ? try TrainingRun.resume(folder: url, training: training, validation: validation)
      : try TrainingRun(
        model: model, training: training, validation: validation,
        configuration: cell.cell.configuration, folder: url)
    let display = TrainingDisplay(totalSteps: run.totalSteps, started: started)
    let outcome = try run.run(
      events: { display.show($0) }, isCancelled: { [interrupt] in interrupt.isRequested })
    if outcome.reason == .interrupted { return nil }
    try TrainingFolder.drawCurve(url, title: "\(cell.row.name), seed \(cell.seed)")
    return outcome
  }

  /// Predicts and scores every evaluated split, and says that the cell is finished.
  private func finish(_ cell: ExperimentPlan.Cell, _ outcome: TrainingOutcome) throws {
    let settings = cell.row.settings
    let model = settings.recipe.checkpoint == .best ? outcome.best ?? outcome.last : outcome.last
    let predictor = try Predictor(model: model, threads: cell.cell.configuration.threads)
    let definition = try inputs.definition(settings.benchmark)
    var splits: [ExperimentFolder.Done.Split] = []
    for split in experiment.evaluate {
      let dataset = try inputs.dataset(settings.benchmark, split)
      let file = folder.predictions(cell.name, split)
      let values = try predictor.predict(dataset.rows.map(\.text))
      let text = PredictCommand.table(values, of: dataset, target: definition.primary.target)
      try AtomicFile.write(text, to: file)
      if dataset.hasGold {
        let scorer = try Scorer(definition, dataset: dataset)
        let read = try PredictionReader(definition, dataset: dataset).read(file)
        let report = ReleaseRule.open.release(try scorer.score(read))
        try AtomicFile.write(
          try CanonicalJSON.document(report), to: folder.report(cell.name, split))
        let pcc = report.targets[definition.primary.target]?[.pcc]?.value
        Console.message("\(split): PCC \(pcc.map { Rounding.text($0) } ?? "undefined")")
      }
      splits.append(
        .init(
          split: split, rows: dataset.rows.count, essays: ExperimentFolder.digest(dataset),
          predictions: try Digest.sha256(of: file)))
    }
    let url = folder.cell(cell.name)
    try AtomicFile.write(
      try CanonicalJSON.document(
        ExperimentFolder.Done(
          splits: splits, epochs: outcome.epochs, steps: outcome.steps,
          reason: outcome.reason.rawValue, kernel: openBLASKernelName())),
      to: url.appending(path: "done.json"))
    if !keepModels { try TrainingRun.removeModels(of: url.appending(path: "run")) }
  }
}

/// What a run of an experiment did.
struct ExperimentTally {
  var trained = 0
  var skipped = 0
  /// Cells that another process works on.
  var busy: [String] = []
  /// Cells whose training broke down.
  var failed: [String] = []
  var interrupted = false

  private struct Document: Encodable {
    var schema = 1
    var folder: String
    var trained: Int
    var finishedBefore: Int
    var elsewhere: [String]
    var failed: [String]
    var interrupted: Bool
  }

  /// Prints the tally; ends the process with 130 after an interrupt and with 1 after a failure.
  func show(_ folder: ExperimentFolder, json: Bool) throws {
    if json {
      try Console.json(
        Document(
          folder: folder.url.relativePath, trained: trained, finishedBefore: skipped,
          elsewhere: busy, failed: failed, interrupted: interrupted))
    } else {
      var parts = ["\(trained) trained", "\(skipped) finished before"]
      if !busy.isEmpty { parts.append("\(busy.count) with another process") }
      if !failed.isEmpty {
        parts.append("\(failed.count) failed: \(failed.joined(separator: ", "))")
      }
      Console.message("cells: " + parts.joined(separator: ", "))
      Console.print(folder.url.relativePath)
    }
    if interrupted { throw ExitCode(130) }
    if !failed.isEmpty { throw ExitCode(ExitStatus.checkFailed.rawValue) }
  }
}
