import Metrics
import Basics
public import Foundation
import Glibc
import Harness
public import Reference

/// Takes cells from training to scored predictions.
public struct ExperimentRunner {
  private let inputs: ExperimentInputs
  private let folder: ExperimentFolder
  private let keepModels: Bool
  /// Whether to wait for the cells that other processes work on, and to take them over should these
  /// die.
  private let sharesGrid: Bool
  private let observer: Observer
  public private(set) var tally: ExperimentTally
  /// Whether all cells were gone through once.
  private var isWaiting = false

  /// What a run tells, and asks, whoever watches it.
  public struct Observer {
    /// Told what happens, a line each.
    public var say: (String) -> Void = { _ in }
    /// Told of each run that begins, with its steps at most and when its cell was taken up; the
    /// result is told what happens in it.
    public var begin: (Int, ContinuousClock.Instant) -> (TrainingEvent) -> Void = { _, _ in { _ in }
    }
    /// Told of each run that ended, with its folder and a title.
    public var end: (URL, String) throws -> Void = { _, _ in }
    /// Asked after every step.
    public var isCancelled: () -> Bool = { false }

    public init() {}
  }

  public init(
    inputs: ExperimentInputs, folder: ExperimentFolder, keepModels: Bool, sharesGrid: Bool = false,
    observer: Observer
  ) {
    (self.inputs, self.folder) = (inputs, folder)
    (self.keepModels, self.sharesGrid, self.observer) = (keepModels, sharesGrid, observer)
    tally = ExperimentTally(folder: folder.url.relativePath)
  }

  /// Finishes the cells one after the other, until all are done or the observer cancels.
  public mutating func run(_ cells: [ExperimentPlan.Cell]) throws {
    let titles = Dictionary(
      uniqueKeysWithValues: cells.enumerated().map { place, cell in
        (cell.name, "[\(place + 1)/\(cells.count)] \(cell.name): \(cell.title)")
      })
    var left = cells
    while true {
      for cell in left {
        try run(cell, title: titles[cell.name] ?? cell.name)
        if tally.interrupted { return }
      }
      let elsewhere = Set(tally.elsewhere)
      guard sharesGrid, !elsewhere.isEmpty else { return }
      left = left.filter { elsewhere.contains($0.name) }
      for _ in 0..<Int(CellClaim.beat * 5) {
        if observer.isCancelled() {
          tally.interrupted = true
          return
        }
        usleep(200_000)
      }
      tally.elsewhere = []
      isWaiting = true
    }
  }

  /// Finishes one cell, unless it is finished or another process has it.
  private mutating func run(_ cell: ExperimentPlan.Cell, title: String) throws {
    if try folder.isFinished(cell, inputs) {
      tally.finishedBefore += 1
      return observer.say("\(title): finished \(isWaiting ? "elsewhere" : "before")")
    }
    let url = folder.cell(cell.name)
    try AtomicFile.createFolder(url)
    guard let claim = try CellClaim(url) else {
      tally.elsewhere.append(cell.name)
      if !isWaiting { observer.say("\(title): another process works on it") }
      return
    }
    defer { claim.release() }
    // The other process may have finished it in the meantime.
    if try folder.isFinished(cell, inputs) {
      tally.finishedBefore += 1
      return
    }
    observer.say(claim.before.map { $0.isGone ? title : "\(title): taken over" } ?? title)
    try folder.takeOver(cell.name, by: claim)
    try AtomicFile.write(
      try CanonicalJSON.document(cell.cell), to: url.appending(path: "cell.json"))
    do {
      guard let outcome = try train(cell, claim) else {
        guard claim.isLost, !observer.isCancelled() else {
          tally.interrupted = true
          return
        }
        tally.elsewhere.append(cell.name)
        return observer.say("\(title): another process has taken it over")
      }
      try finish(cell, outcome, claim)
      tally.trained += 1
    } catch ReferenceError.notFinite(let quantity, let step, _) {
      // The others may do better: the cell is left unfinished and named at the end.
      tally.failed.append(cell.name)
      observer.say("\(title): the \(quantity) is not finite at step \(step)")
    }
  }

  /// Begins the cell's run or goes on with it; nil where it was interrupted.
  private func train(
    _ cell: ExperimentPlan.Cell, _ claim: CellClaim
  ) throws -> TrainingOutcome? {
    let started = ContinuousClock.now
    let settings = cell.row.settings
    let url = folder.run(cell.name, claim.number)
    let isBegun = folder.lastRun(cell.name) == claim.number
    let run = try TrainingRun.start(
      inputs.url(settings.model), training: LabelledRows(inputs.training(settings).rows),
      validation: inputs.validation(settings), maxLength: settings.recipe.maxLength,
      configuration: cell.cell.configuration, folder: url, resume: isBegun)
    let outcome = try run.run(
      events: observer.begin(run.totalSteps, started),
      isCancelled: { observer.isCancelled() || claim.isLost })
    if outcome.reason == .interrupted { return nil }
    try observer.end(url, cell.title)
    return outcome
  }

  /// Predicts and scores every evaluated split, and says that the cell is finished.
  private func finish(
    _ cell: ExperimentPlan.Cell, _ outcome: TrainingOutcome, _ claim: CellClaim
  ) throws {
    let draft = folder.cell(cell.name).appending(path: "result-\(claim.number)")
    let settings = cell.row.settings
    let model = settings.recipe.checkpoint == .best ? outcome.best ?? outcome.last : outcome.last
    let predictor = try Predictor(model: model, threads: cell.cell.configuration.threads)
    let definition = try inputs.home.benchmarks.find(settings.benchmark)
    let target = definition.mainTarget
    func write(_ value: some Encodable, _ file: URL) throws {
      try AtomicFile.write(try CanonicalJSON.document(value), to: file)
    }
    let splits = try inputs.experiment.evaluate.map { split in
      let dataset = try inputs.dataset(settings.benchmark, split)
      let file = draft.appending(path: "\(split).tsv")
      let values = try predictor.predict(dataset.rows.map { TextInput($0.text) })
      try AtomicFile.write(PredictionTable.data(values, of: dataset, targets: [target]), to: file)
      if dataset.hasGold {
        let read = try PredictionReader(definition, dataset: dataset).read(file)
        let report = ReleaseRule.open.release(try Scorer(definition, dataset: dataset).score(read))
        try write(report, draft.appending(path: "\(split).json"))
        let pcc = report.targets[target]?[.pcc]?.value
        observer.say("\(split): PCC \(pcc.map { Rounding.text($0) } ?? "undefined")")
      }
      return ExperimentFolder.Done.Split(
        split: split, rows: dataset.rows.count, essays: ExperimentFolder.digest(dataset),
        predictions: try Digest.sha256(of: file))
    }
    let done = ExperimentFolder.Done(
      splits: splits, epochs: outcome.epochs, steps: outcome.steps,
      reason: outcome.reason.rawValue, kernel: openBLASKernelName())
    try write(done, draft.appending(path: "done.json"))
    try folder.publish(cell.name, draft)
    if !keepModels { try TrainingRun.removeModels(of: folder.run(cell.name, claim.number)) }
  }
}

/// What a run of an experiment did.
public struct ExperimentTally: Encodable, Sendable, Equatable {
  public var schema = 1
  public let folder: String
  public internal(set) var trained = 0
  public internal(set) var finishedBefore = 0
  /// Cells that another process works on.
  public internal(set) var elsewhere: [String] = []
  /// Cells whose training broke down.
  public internal(set) var failed: [String] = []
  public internal(set) var interrupted = false
}
