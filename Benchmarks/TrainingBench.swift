import Basics
import Foundation
import Reference

/// Training and inference of the encoder on the essays of NewsEmp18, the counterpart of the peer's
/// bench_train.py: same rows, same recipe, real tokens a second.
///
/// `invitro-bench training --model minilm|roberta-base-random|deberta-small-random --model-folder DIR --data FILE
/// [--bf16] [--steps N] [--threads N] [--infer] [--sorted] [--limit ROWS] [--profile] [--warm-up N]`
///
/// `--sorted` measures ``Predictor``, which sorts by length and packs by tokens itself.
/// `--fit EPOCHS --seed S --run FOLDER` trains as a run does, on the peer's split with crowd
/// labels, and scores the held-out rows; a run that is there already is resumed.
struct TrainingBench {
  var model = "minilm"
  var folder = "data/models/minilm"
  var data = "../shared/data/newsemp18/messages.csv"
  var steps = 20
  var warmUp = 2
  var threads = 2
  var precision = Precision.float32
  var infer = false
  var limit = Int.max
  var sorted = false
  var profile = false
  var fitEpochs: Int?
  var seed: UInt64 = 0
  var runFolder = "runs/bench"

  static func run(_ arguments: [String]) throws {
    let began = monotonic()
    var bench = TrainingBench()
    var rest = arguments[...]
    while let option = rest.popFirst() {
      switch option {
      case "--model": bench.model = rest.popFirst() ?? bench.model
      case "--model-folder": bench.folder = rest.popFirst() ?? bench.folder
      case "--data": bench.data = rest.popFirst() ?? bench.data
      case "--steps": bench.steps = rest.popFirst().flatMap(Int.init) ?? bench.steps
      case "--warm-up": bench.warmUp = rest.popFirst().flatMap(Int.init) ?? bench.warmUp
      case "--threads": bench.threads = rest.popFirst().flatMap(Int.init) ?? bench.threads
      case "--bf16": bench.precision = .bfloat16
      case "--infer": bench.infer = true
      case "--limit": bench.limit = rest.popFirst().flatMap(Int.init) ?? bench.limit
      case "--sorted": (bench.infer, bench.sorted) = (true, true)
      case "--profile": bench.profile = true
      case "--fit": bench.fitEpochs = rest.popFirst().flatMap(Int.init)
      case "--seed": bench.seed = rest.popFirst().flatMap(UInt64.init) ?? bench.seed
      case "--run": bench.runFolder = rest.popFirst() ?? bench.runFolder
      default: throw BenchError.usage("unknown option \(option)")
      }
    }
    if let epochs = bench.fitEpochs { return try bench.fit(epochs) }
    try bench.measure(began)
  }

  /// Trains MiniLM on the first 1488 rows, validates on the next 186, scores the last 186.
  private func fit(_ epochs: Int) throws {
    let model = URL(filePath: folder)
    let tokenizer = try Tokenizer.load(directory: model)
    let examples = try essays(URL(filePath: data)).map {
      TrainingExample(
        TextInput($0.text), labels: [$0.label], tokenizer: tokenizer, maxLength: 512)
    }
    guard examples.count == 1860 else { throw BenchError.data("\(data): not 1860 rows") }
    let training = Array(examples[..<1488])
    let validation = Array(examples[1488..<1674])
    let test = Array(examples[1674...])
    var configuration = TrainingConfiguration()
    configuration.lastEpoch = epochs
    configuration.seed = seed
    configuration.threads = threads
    configuration.precision = precision
    let folder = URL(filePath: runFolder)
    let exists = FileManager.default.fileExists(atPath: folder.appending(path: "run.json").path)
    let run =
      exists
      ? try TrainingRun.resume(folder: folder, training: training, validation: validation)
      : try TrainingRun(
        model: model, training: training, validation: validation, configuration: configuration,
        folder: folder)
    let predictor = Predictor(engine: run.engine, tokenizer: nil)
    var speed = 0.0
    // What is left of the time given, for machines that are shared: the run is resumed later.
    let until = ProcessInfo.processInfo.environment["FIT_SECONDS"].flatMap(Double.init)
      .map { monotonic() + $0 }
    let outcome = try run.run(
      events: { event in
        if case .step(_, let pace) = event { speed = pace.tokensPerSecond }
        guard case .epoch(let record) = event else { return }
        let scores = try? predictor.evaluate(test).first
        print(
          "{\"epoch\":\(record.epoch),\"loss\":\(rounded(record.trainingLoss)),"
            + "\"real_tok_s\":\(rounded(speed)),\"dev\":\(text(record.validation)),"
            + "\"test\":\(scores.map(text) ?? "null")}")
      },
      isCancelled: { until.map { monotonic() > $0 } ?? false })
    print("{\"ended\":\"\(outcome.reason.rawValue)\",\"peak_rss_MB\":\(peakMegabytes())}")
  }

  private func text(_ metrics: ValidationMetrics) -> String {
    func figure(_ value: Double?) -> String {
      value.map { "\(($0 * 10_000).rounded() / 10_000)" } ?? "null"
    }
    return
      "{\"pcc\":\(figure(metrics.pcc)),\"ccc\":\(figure(metrics.ccc)),\"rmse\":\(figure(metrics.rmse))}"
  }

  /// All essays through ``Predictor``, as `invitro predict` runs them.
  private func measurePredictor(_ ids: [[Int32]], _ engine: EncoderEngine, _ loading: Double) throws
  {
    let predictor = Predictor(engine: engine, tokenizer: nil)
    _ = try predictor.predict(ids.prefix(32).map { TokenSequence($0) })
    engine.profile.isEnabled = profile
    engine.profile.reset()
    let start = monotonic()
    _ = try predictor.predict(ids.map { TokenSequence($0) })
    report(
      engine, tokens: ids.reduce(0) { $0 + $1.count }, seconds: monotonic() - start, steps: 1,
      loading: loading, firstStep: loading)
  }

  /// The essays' tokens and labels, and the engine.
  private func prepare() throws -> ([[Int32]], [Float], EncoderEngine) {
    let url = URL(filePath: folder)
    let tokenizer = try Tokenizer.load(directory: url)
    let rows = try essays(URL(filePath: data))
    var ids = rows.map { tokenizer.encode($0.text, maxLength: 512) }
    // Stand-in ids, as the peers have them: the shape counts, not the words.
    let shape: ModelConfiguration?
    switch model {
    case "roberta-base-random":
      ids = ids.map { $0.map { $0 == 1 ? 3 : min($0, 50264) } }
      shape = .robertaBase
    case "deberta-small-random":
      let configuration = Self.debertaSmall
      let words = Int32(configuration.vocabularySize - 3)
      ids = ids.map { $0.map { 3 + $0 % words } }
      shape = configuration
    default: shape = nil
    }
    if let shape {
      let engine = EncoderEngine(
        configuration: shape, head: .classification, threadCount: threads, precision: precision)
      engine.initialise(seed: 0)
      return (ids, rows.map(\.label), engine)
    }
    let engine = try ModelDirectory(url).makeEngine(
      threads: threads, seed: 0, precision: precision
    ).engine
    return (ids, rows.map(\.label), engine)
  }

  /// The shape of bench_deberta.py: deberta-v3-small with 32,000 words.
  private static var debertaSmall: ModelConfiguration {
    var configuration = ModelConfiguration.debertaV3Base
    (configuration.layerCount, configuration.vocabularySize) = (6, 32000)
    return configuration
  }

  private func measure(_ began: Double) throws {
    let (all, labels, engine) = try prepare()
    let ids = infer ? Array(all.prefix(limit)) : all
    let ready = monotonic()
    if sorted { return try measurePredictor(ids, engine, ready - began) }
    let batches = infer ? fileOrder(ids) : shuffled(1488)
    let firstRow = infer ? 0 : warmUp
    engine.reserve(
      BatchCapacity(largestOf: ids.map(\.count), batch: 16), training: !infer)
    var predictions: [Float] = []
    var gradient: [Float] = []
    var seconds = 0.0
    var tokens = 0
    var firstStep = 0.0
    let total = infer ? batches.count : min(batches.count, steps + warmUp)
    engine.profile.isEnabled = profile
    for (number, rows) in batches.prefix(total).enumerated() {
      if number == firstRow { engine.profile.reset() }
      let start = monotonic()
      let batch = try PackedBatch(rows.map { ids[$0] }, for: engine.configuration)
      if infer {
        engine.forward(batch, mode: .inference, predictions: &predictions)
      } else {
        engine.forward(
          batch, mode: .training(dropout: DropoutKey(seed: 0, pass: UInt64(number))),
          predictions: &predictions)
        _ = Loss.meanSquaredError.evaluate(
          predictions, rows.map { labels[$0] }, count: rows.count, gradient: &gradient)
        engine.backward(gradient, accumulate: false)
        _ = engine.gradientNorm()
        engine.update(AdamW(), learningRate: 3e-5, step: number + 1, gradientScale: 1)
      }
      if number == 0 { firstStep = monotonic() - began }
      if number >= firstRow {
        seconds += monotonic() - start
        tokens += batch.tokenCount
      }
    }
    report(
      engine, tokens: tokens, seconds: seconds, steps: total - firstRow,
      loading: ready - began, firstStep: firstStep)
  }

  private func report(
    _ engine: EncoderEngine, tokens: Int, seconds: Double, steps: Int, loading: Double,
    firstStep: Double
  ) {
    print(
      """
      {"model":"\(model)","what":"\(infer ? (sorted ? "infer sorted" : "infer") : "train")",\
      "threads":\(threads),"precision":"\(precision.rawValue)","kernel":"\(openBLASKernelName())","steps":\(steps),\
      "real":\(tokens),"s":\(rounded(seconds)),"real_tok_s":\(rounded(Double(tokens) / seconds)),\
      "load_s":\(rounded(loading)),"start_to_first_step_s":\(rounded(firstStep)),\
      "peak_rss_MB":\(peakMegabytes())}
      """)
    guard profile else { return }
    for (title, share) in engine.profile.shares(wallSeconds: seconds) {
      print("  \((share * 1000).rounded() / 10)%  \(title)")
    }
  }

  /// The training rows, 16 a batch, in an order drawn from a fixed seed.
  private func shuffled(_ count: Int) -> [[Int]] {
    var random = SplitMix64(seed: 0)
    return pieces(Array(0..<count).shuffled(using: &random))
  }

  private func fileOrder(_ ids: [[Int32]]) -> [[Int]] {
    pieces(Array(ids.indices))
  }

  private func pieces(_ rows: [Int]) -> [[Int]] {
    stride(from: 0, to: rows.count, by: 16).map { Array(rows[$0..<min($0 + 16, rows.count)]) }
  }

  private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}

enum BenchError: Error, CustomStringConvertible {
  case usage(String)
  case data(String)

  var description: String {
    switch self {
    case .usage(let text), .data(let text): text
    }
  }
}

/// Seconds of a clock that only goes forward.
private func monotonic() -> Double {
  Double(DispatchTime.now().uptimeNanoseconds) * 1e-9
}

/// The process' largest resident size so far, from the kernel's accounts.
private func peakMegabytes() -> Int {
  let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM") }
  return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1024
}

/// Essay and empathy label of every row of NewsEmp18's messages.csv (every field quoted).
private func essays(_ url: URL) throws -> [(text: String, label: Float)] {
  guard let text = try? String(contentsOf: url, encoding: .utf8) else {
    throw BenchError.data("\(url.path) is not there: the essays of NewsEmp18 (messages.csv)")
  }
  let records = quotedRecords(text)
  guard let header = records.first, let essay = header.firstIndex(of: "essay"),
    let empathy = header.firstIndex(of: "empathy")
  else { throw BenchError.data("\(url.path): no columns essay and empathy") }
  return try records.dropFirst().map { record in
    guard record.count == header.count, let label = Float(record[empathy]) else {
      throw BenchError.data("\(url.path): a row of \(record.count) fields")
    }
    return (record[essay], label)
  }
}

/// The records of a CSV text, by the usual rules of quoting.
private func quotedRecords(_ text: String) -> [[String]] {
  var records: [[String]] = []
  var record: [String] = []
  var field: [UInt8] = []
  var quoted = false
  let bytes = Array(text.utf8)
  var i = 0
  while i < bytes.count {
    let byte = bytes[i]
    if quoted {
      if byte != 0x22 {
        field.append(byte)
      } else if i + 1 < bytes.count, bytes[i + 1] == 0x22 {
        field.append(byte)
        i += 1
      } else {
        quoted = false
      }
    } else if byte == 0x22 {
      quoted = true
    } else if byte == 0x2C || byte == 0x0A {
      record.append(String(decoding: field, as: UTF8.self))
      field = []
      if byte == 0x0A {
        records.append(record)
        record = []
      }
    } else if byte != 0x0D {
      field.append(byte)
    }
    i += 1
  }
  if !field.isEmpty || !record.isEmpty {
    record.append(String(decoding: field, as: UTF8.self))
    records.append(record)
  }
  return records
}
