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
  private var watch: ClaimWatch
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
    lease: Double = ClaimWatch.defaultLease, observer: Observer
  ) {
    (self.inputs, self.folder) = (inputs, folder)
    (self.keepModels, self.sharesGrid, self.observer) = (keepModels, sharesGrid, observer)
    watch = ClaimWatch(lease: lease)
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
      // Whoever shares no grid waits only until it is known whether the others live.
      let pending = tally.elsewhere.filter { sharesGrid || !watch.isAlive(folder.cell($0)) }
      guard !pending.isEmpty else { return }
      left = left.filter { pending.contains($0.name) }
      for _ in 0..<Int((watch.beat * 5).rounded(.up)) {
        if observer.isCancelled() {
          tally.interrupted = true
          return
        }
        usleep(200_000)
      }
      tally.elsewhere.removeAll(where: pending.contains)
      isWaiting = true
    }
  }

  /// Finishes one cell, unless it is finished or another process has it.
  private mutating func run(_ cell: ExperimentPlan.Cell, title: String) throws {
    let url = folder.cell(cell.name)
    let isFinished = try folder.isFinished(cell, inputs)
    if isFinished {
      tally.finishedBefore += 1
      observer.say("\(title): finished \(isWaiting ? "elsewhere" : "before")")
      // Nobody is disturbed who still works on it.
      guard try !folder.leftovers(cell.name).isEmpty else { return }
    }
    try AtomicFile.createFolder(url)
    guard let claim = try CellClaim(url, watch: &watch) else {
      if isFinished { return }
      tally.elsewhere.append(cell.name)
      if !isWaiting {
        observer.say("\(title): \(folder.worker(cell.name) ?? "another process") works on it")
      }
      return
    }
    defer { claim.release() }
    if isFinished { return try tidy(cell) }
    // The other process may have finished it in the meantime.
    if try folder.isFinished(cell, inputs) {
      tally.finishedBefore += 1
      return
    }
    observer.say(claim.before.map { $0.isGone ? title : "\(title): taken over" } ?? title)
    do {
      try folder.takeOver(cell.name, by: claim)
      try AtomicFile.write(
        try CanonicalJSON.document(cell.cell), to: url.appending(path: "cell.json"))
      guard let outcome = try train(cell, claim) else {
        if claim.isLost, !observer.isCancelled() { return try giveUp(cell, claim, title) }
        tally.interrupted = true
        return
      }
      if try finish(cell, outcome, claim) {
        tally.trained += 1
      } else {
        tally.finishedBefore += 1
        observer.say("\(title): finished elsewhere")
      }
      // Whoever took it over still writes, and tidies up after finding it finished.
      if !claim.checkIsLost() { try tidy(cell) }
    } catch  where claim.checkIsLost() {
      // Whoever took it over may have removed what this process was writing.
      try giveUp(cell, claim, title)
    } catch ReferenceError.notFinite(let quantity, let step, _) {
      // The others may do better: the cell is left unfinished and named at the end.
      tally.failed.append(cell.name)
      observer.say("\(title): the \(quantity) is not finite at step \(step)")
    }
  }

  /// Leaves a cell to the process that took it over, and removes the own run once that has a copy.
  private mutating func giveUp(
    _ cell: ExperimentPlan.Cell, _ claim: CellClaim, _ title: String
  ) throws {
    tally.elsewhere.append(cell.name)
    observer.say("\(title): another process has taken it over")
    let kept = try folder.done(cell.name)?.claim ?? folder.lastRun(cell.name)
    guard kept != claim.number else { return }
    try folder.remove(folder.run(cell.name, claim.number))
    try folder.remove(folder.draft(cell.name, claim.number))
  }

  private func tidy(_ cell: ExperimentPlan.Cell) throws {
    for file in try folder.leftovers(cell.name) { try folder.remove(file) }
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
      inputs.url(settings.model),
      training: inputs.labelled(inputs.training(settings, fold: cell.fold), settings),
      validation: inputs.validation(settings), maxLength: settings.recipe.maxLength,
      configuration: cell.cell.configuration, folder: url, resume: isBegun)
    let outcome = try run.run(
      events: observer.begin(run.totalSteps, started),
      isCancelled: { observer.isCancelled() || claim.isLost })
    if outcome.reason == .interrupted { return nil }
    try observer.end(url, cell.title)
    return outcome
  }

  /// Predicts and scores every evaluated split, and says that the cell is finished; false where
  /// another process did so before.
  private func finish(
    _ cell: ExperimentPlan.Cell, _ outcome: TrainingOutcome, _ claim: CellClaim
  ) throws -> Bool {
    let draft = folder.draft(cell.name, claim.number)
    let settings = cell.row.settings
    let model = settings.recipe.checkpoint == .best ? outcome.best ?? outcome.last : outcome.last
    let predictor = try Predictor(model: model, threads: cell.cell.configuration.threads)
    let definition = try inputs.home.benchmarks.find(settings.benchmark)
    let target = definition.mainTarget
    func write(_ value: some Encodable, _ file: URL) throws {
      try AtomicFile.write(try CanonicalJSON.document(value), to: file)
    }
    let splits = try inputs.experiment.evaluate.map { split in
      let dataset = try inputs.evaluated(settings, split, fold: cell.fold)
      let file = draft.appending(path: "\(split).tsv")
      let values = try predictor.predict(dataset.rows.map { TextInput($0.text) })
      try AtomicFile.write(PredictionFormat.data(values, of: dataset, targets: [target]), to: file)
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
      reason: outcome.reason.rawValue, kernel: openBLASKernelName(), claim: claim.number,
      keepsModels: keepModels)
    try write(done, draft.appending(path: "done.json"))
    let isOurs = try folder.publish(cell.name, draft, splits)
    if isOurs, !keepModels {
      try TrainingRun.removeModels(of: folder.run(cell.name, claim.number))
    }
    return isOurs
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
