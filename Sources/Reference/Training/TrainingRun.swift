import Basics
public import Foundation

/// A fine-tuning run, with its own folder. With the same number of threads and the same OpenBLAS
/// kernels, a resumed run computes the same bits as an uninterrupted one.
public final class TrainingRun {
  public let configuration: TrainingConfiguration
  public let engine: EncoderEngine
  /// The parameters that were initialised, and the tensors of the checkpoint that were not used.
  public let loading: ModelDirectory.LoadReport
  /// What the model reads of a row and predicts of it.
  public let task: ModelTask
  /// Steps in an epoch, and in the whole run if it is not stopped early.
  public let stepsPerEpoch: Int
  public var totalSteps: Int { stepsPerEpoch * epochs }
  /// Steps done.
  public var step: Int { state.step }

  private let directory: RunDirectory
  private let companions: ModelDirectory
  private let (training, validation): ([TrainingExample], [TrainingExample])
  private let schedule: Schedule
  private var state: RunDirectory.State
  private var predictions: [Float] = []
  private var gradient: [Float] = []
  private var stateGradient: [Float] = []
  private var epochs: Int { configuration.lastEpoch ?? configuration.epochs }

  /// Starts a run: loads `model`, initialises its head where it has none, and creates `folder`.
  /// Throws ``ReferenceError``: a setting out of range, a model that does not load, an empty
  /// training set, an example that does not fit the model, a folder that already holds a run.
  public convenience init(
    model: URL, training: [TrainingExample], validation: [TrainingExample],
    configuration: TrainingConfiguration, input: InputSettings = InputSettings(), folder: URL,
    source: RunSource? = nil
  ) throws {
    try configuration.validate()
    try self.init(
      configuration, input, model: model, isNew: true, training, validation,
      RunDirectory(url: folder), RunDirectory.State())
    try checkExamples()
    try directory.create(
      RunDirectory.Description(
        configuration: configuration, model: model.path, digest: Self.digest(training, validation),
        trainingRows: training.count, validationRows: validation.count,
        kernel: openBLASKernelName(), input: input, source: source))
  }

  /// What the run in `folder` was begun with: its settings, the model's folder, what is read of a row,
  /// and where the rows come from; nil where it does not say.
  public typealias Beginning = (
    configuration: TrainingConfiguration, model: URL, input: InputSettings?, source: RunSource?
  )

  /// Throws ``ReferenceError`` where there is no run.
  public static func settings(of folder: URL) throws -> Beginning {
    let run = try RunDirectory(url: folder).description()
    return (run.configuration, URL(filePath: run.model), run.input, run.source)
  }

  /// Continues the run in `folder` with the data it was started with; without a checkpoint it
  /// starts again. Throws ``ReferenceError`` where there is no run, or for other data.
  public static func resume(folder: URL, training: [TrainingExample], validation: [TrainingExample])
    throws -> TrainingRun
  {
    let directory = RunDirectory(url: folder)
    let description = try directory.description()
    guard digest(training, validation) == description.digest else {
      throw ReferenceError.run(
        folder: folder.path,
        problem: "these are not the data of the run (\(description.trainingRows) training and "
          + "\(description.validationRows) validation rows)")
    }
    let (resumes, configuration) = (directory.hasCheckpoint, description.configuration)
    let state = resumes ? try directory.state() : RunDirectory.State()
    let run = try TrainingRun(
      configuration, description.input ?? InputSettings(),
      model: resumes ? directory.last : URL(filePath: description.model),
      isNew: !resumes, training, validation, directory, state)
    if resumes {
      try run.engine.loadOptimizer(from: directory.last.appending(path: "optimizer.safetensors"))
    }
    try directory.trimLogs(to: state)
    // The run may have ended between a checkpoint and the note that it was the best one.
    if state.batch == 0, let best = state.bestEpoch, best == state.epoch - 1 {
      try directory.keepBest(state)
    }
    return run
  }

  private init(
    _ configuration: TrainingConfiguration, _ input: InputSettings, model: URL, isNew: Bool,
    _ training: [TrainingExample], _ validation: [TrainingExample], _ directory: RunDirectory,
    _ state: RunDirectory.State
  ) throws {
    companions = try ModelDirectory(model)
    (engine, loading) = try companions.makeEngine(
      head: configuration.head,
      outputCount: configuration.outputCount * configuration.head.numbersPerTarget,
      threads: configuration.threads, seed: configuration.seed,
      freshHead: isNew && configuration.freshHead, precision: configuration.precision)
    task = ModelTask(
      outputs: configuration.targets?.map(\.name) ?? [ModelTask.unnamed(0)], input: input)
    (self.configuration, self.directory, self.state) = (configuration, directory, state)
    (self.training, self.validation) = (training, validation)
    let batches = (training.count + configuration.batchSize - 1) / configuration.batchSize
    stepsPerEpoch = (batches + configuration.accumulation - 1) / configuration.accumulation
    schedule = configuration.rates(stepsPerEpoch: stepsPerEpoch)
    if isNew, configuration.headBias == .mean { try startBiasAtMean() }
    engine.reserve(
      BatchCapacity(
        largestOf: training.map(\.sequence.tokens.count), batch: configuration.batchSize),
      training: true)
  }

  /// Sets each output's bias to the mean of its training labels, and that of a variance to theirs;
  /// see ``HeadBias/mean``.
  private func startBiasAtMean() throws {
    let bias = engine.layout.headBias
    guard loading.initialised.contains(bias.name) else {
      throw ReferenceError.setting(
        name: "headBias", found: "mean, with a model that has a trained head",
        expected: "zero, or a new head (--fresh-head)")
    }
    let values = engine.values(of: bias)
    for output in task.outputs.indices {
      let labels = training.compactMap { $0.labels[output] }
      guard !labels.isEmpty else { continue }
      let mean = labels.reduce(0.0) { $0 + Double($1) } / Double(labels.count)
      values[output] = Float(mean)
      guard configuration.head == .gaussian else { continue }
      let squares = labels.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
      values[task.outputs.count + output] = Float(
        GaussianLoss.raw(of: squares / Double(labels.count)))
    }
  }

  /// Trains to the end, to early stopping, or until `isCancelled`, called before every step, says
  /// so; then it writes a checkpoint. Throws ``ReferenceError`` for a loss or gradient that is no
  /// number, and `BasicsError` for a full disk; the last checkpoint is then intact.
  public func run(events: (TrainingEvent) -> Void = { _ in }, isCancelled: () -> Bool = { false })
    throws -> TrainingOutcome
  {
    let start = monotonicSeconds()
    var (tokens, steps) = (0, 0)
    while !state.isFinished {
      let batches = batches(ofEpoch: state.epoch)
      while state.batch < batches.count {
        if isCancelled() {
          try checkpoint(events)
          return outcome(.interrupted)
        }
        let record = try trainStep(batches)
        try directory.append(record, to: directory.steps)
        (tokens, steps) = (tokens + record.tokens, steps + 1)
        let seconds = max(1e-9, monotonicSeconds() - start)
        let left = seconds / Double(steps) * Double(totalSteps - state.step)
        let pace = TrainingPace(
          totalSteps: totalSteps, tokensPerSecond: Double(tokens) / seconds,
          secondsLeft: steps < 3 ? nil : left)
        events(.step(record, pace))
        let isDue = configuration.checkpointSteps.map { state.step % $0 == 0 } ?? false
        if isDue, state.batch < batches.count { try checkpoint(events) }
      }
      try endEpoch(events)
    }
    let outcome = outcome(state.epoch < epochs ? .earlyStopping : .allEpochs)
    try directory.end(
      TrainingResult(
        reason: outcome.reason.rawValue, steps: outcome.steps, epochs: outcome.epochs,
        collapsed: outcome.collapsed, calibration: state.calibration))
    return outcome
  }

  private func outcome(_ reason: TrainingOutcome.Reason) -> TrainingOutcome {
    TrainingOutcome(
      reason: reason, steps: state.step, epochs: state.epoch, last: directory.last,
      best: state.bestEpoch == nil ? nil : directory.best, collapsed: state.collapsed ?? [])
  }

  /// The rows of each batch of an epoch, a function of the seed and the epoch.
  private func batches(ofEpoch epoch: Int) -> [[Int]] {
    var random = SplitMix64(seed: configuration.seed)
    random = SplitMix64(seed: random.next() &+ UInt64(epoch) &* 0xD134_2543_DE82_EF95)
    let rows = Array(training.indices).shuffled(using: &random)
    let size = configuration.batchSize
    return stride(from: 0, to: rows.count, by: size).map {
      Array(rows[$0..<min($0 + size, rows.count)])
    }
  }

  /// One optimiser step over the next batches of the epoch.
  private func trainStep(_ batches: [[Int]]) throws -> StepRecord {
    let end = min(batches.count, state.batch + configuration.accumulation)
    let group = batches[state.batch..<end]
    let counts = (0..<configuration.outputCount).map { output in
      group.joined().count { training[$0].labels[output] != nil }
    }
    var (loss, tokens) = (0.0, 0)
    for (index, rows) in group.enumerated() {
      let batch = try PackedBatch(rows.map { training[$0].sequence }, for: engine.configuration)
      let readsStates = (configuration.gaussian?.alignment ?? 0) > 0
      engine.forward(
        batch, mode: .training(dropout: DropoutKey(seed: configuration.seed, pass: state.pass)),
        everyToken: readsStates, predictions: &predictions)
      loss += batchLoss(rows, counts: counts)
      if readsStates { loss += alignmentLoss(rows, batch, count: counts[0]) }
      guard loss.isFinite else { throw notFinite("loss") }
      engine.backward(
        gradient, states: readsStates ? stateGradient : nil, accumulate: index > 0)
      state.pass += 1
      tokens += batch.tokenCount
    }
    let norm = engine.gradientNorm()
    guard norm.isFinite else { throw notFinite("gradient") }
    let rate = schedule.rate(step: state.step, epoch: state.epoch) * state.plateau.scale
    let scale = configuration.clipNorm.map { min(1, $0 / max(norm, 1e-30)) } ?? 1
    engine.update(
      configuration.optimizer, learningRate: rate, step: state.step + 1, gradientScale: scale)
    let record = StepRecord(
      step: state.step, epoch: state.epoch, loss: loss, learningRate: rate, gradientNorm: norm,
      tokens: tokens)
    (state.step, state.batch) = (state.step + 1, end)
    (state.lossSum, state.lossCount) = (state.lossSum + loss, state.lossCount + 1)
    return record
  }

  /// The loss of the batch of `rows` that was predicted last, with its gradient in `gradient`.
  private func batchLoss(_ rows: [Int], counts: [Int]) -> Double {
    let (labels, weights) = (rows.flatMap { training[$0].labels }, configuration.lossWeights)
    guard let gaussian = configuration.gaussian else {
      return configuration.loss.evaluate(
        predictions, labels, counts: counts, weights: weights, gradient: &gradient)
    }
    return gaussian.evaluate(
      predictions, labels, counts: counts, weights: weights, gradient: &gradient)
  }

  /// The part of the loss that reads all tokens' states, with its gradient in `stateGradient`.
  private func alignmentLoss(_ rows: [Int], _ batch: PackedBatch, count: Int) -> Double {
    let texts = rows.enumerated().map { place, row in
      training[row].texts?.shifted(by: batch.offsets[place])
    }
    return configuration.gaussian?.align(
      engine.tokenStates, channels: engine.configuration.hiddenSize, texts: texts,
      labels: rows.map { training[$0].labels[0] }, count: count, gradient: &stateGradient) ?? 0
  }

  private func notFinite(_ quantity: String) -> ReferenceError {
    .notFinite(
      quantity: quantity, step: state.step,
      lastGood: directory.hasCheckpoint ? directory.last.path : nil)
  }

  /// Ends an epoch: validates, decides whether to stop, and writes the checkpoints.
  private func endEpoch(_ events: (TrainingEvent) -> Void) throws {
    let figures =
      validation.isEmpty ? [] : try Predictor(engine: engine, tokenizer: nil).evaluate(validation)
    let metrics = ValidationMetrics(meanOf: figures)
    let isBest = metrics.ccc.map { $0 > (state.bestConcordance ?? -.infinity) } ?? false
    if isBest { (state.bestConcordance, state.bestEpoch) = (metrics.ccc, state.epoch) }
    let record = EpochRecord(
      epoch: state.epoch, steps: state.step,
      trainingLoss: state.lossSum / Double(max(1, state.lossCount)), validation: metrics,
      targets: figures.count > 1
        ? Dictionary(zip(task.outputs, figures), uniquingKeysWith: { first, _ in first }) : nil,
      isBest: isBest)
    let stops =
      configuration.earlyStopping?.observe(metrics.ccc, epoch: state.epoch, state: &state.stopping)
      ?? false
    if configuration.schedule == .plateau {
      configuration.plateau.observe(validationLoss(figures), state: &state.plateau)
    }
    let calibrations = zip(task.outputs, figures).compactMap { name, figures in
      figures.calibration.map { (name, $0) }
    }
    state.calibration =
      calibrations.isEmpty
      ? nil : Dictionary(calibrations, uniquingKeysWith: { first, _ in first })
    state.collapsed = zip(task.outputs, figures).filter { $1.collapsed == true }.map(\.0)
    (state.epoch, state.batch) = (state.epoch + 1, 0)
    (state.lossSum, state.lossCount) = (0, 0)
    state.isFinished = state.epoch >= epochs || (stops && !validation.isEmpty)
    try directory.append(record, to: directory.epochs)
    try checkpoint(events)
    if isBest { try directory.keepBest(state) }
    events(.epoch(record))
  }

  /// The targets' mean squared errors, weighted as their losses are; nil where one is undefined.
  private func validationLoss(_ figures: [ValidationMetrics]) -> Double? {
    let weights = configuration.lossWeights
    let errors = zip(figures, weights).compactMap { figure, weight in
      figure.rmse.map { weight * $0 * $0 }
    }
    return errors.count == weights.count ? errors.reduce(0, +) / weights.reduce(0, +) : nil
  }

  private func checkpoint(_ events: (TrainingEvent) -> Void) throws {
    try directory.save(engine, state, companions: companions, task: task)
    events(.checkpoint(directory.last))
  }

  /// Incremented by each change of this program after which the same run computes other bits.
  public static let arithmetic = 1

  /// Removes the checkpoints of the run in `folder` and keeps its description, logs and curve. The
  /// run can no longer be resumed.
  public static func removeModels(of folder: URL) throws {
    try RunDirectory(url: folder).removeModels()
  }

  /// Throws for the first example that does not fit the model.
  private func checkExamples() throws {
    guard !training.isEmpty else {
      throw ReferenceError.setting(name: "training set", found: "no rows", expected: "some rows")
    }
    if (configuration.gaussian?.alignment ?? 0) > 0, training.allSatisfy({ $0.texts == nil }) {
      throw ReferenceError.setting(
        name: "alignment", found: "rows of one text each", expected: "pairs of texts (--pair)")
    }
    for (output, name) in task.outputs.enumerated()
    where training.allSatisfy({ $0.labels[output] == nil }) {
      throw ReferenceError.setting(
        name: "training set", found: "no label of \(name)", expected: "some rows with one")
    }
    for examples in [training, validation] {
      _ = try PackedBatch(examples.map(\.sequence), for: engine.configuration)
      for (row, example) in examples.enumerated() {
        precondition(example.labels.count == task.outputs.count, "a label, or none, an output")
        if example.labels.contains(where: { $0.map { !$0.isFinite } ?? false }) {
          throw ReferenceError.setting(
            name: "label of row \(row)", found: "none that is finite", expected: "a finite number")
        }
      }
    }
  }

  /// A digest of the data, by which a resumed run recognises them.
  private static func digest(_ training: [TrainingExample], _ validation: [TrainingExample])
    -> String
  {
    var digest = Digest()
    for examples in [training, validation] {
      digest.update(UInt64(examples.count))
      for example in examples {
        let sequence = example.sequence
        digest.update(UInt64(sequence.tokens.count))
        sequence.tokens.withUnsafeBytes { digest.update($0) }
        sequence.types.withUnsafeBytes { digest.update($0) }
        for label in example.labels { digest.update(UInt64((label ?? .nan).bitPattern)) }
      }
    }
    return digest.hexadecimal
  }
}
