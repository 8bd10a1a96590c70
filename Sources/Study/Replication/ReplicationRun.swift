import Foundation
public import Harness
import Metrics
import Reference

/// Why a claim can't be measured, in words.
struct NotRun: Error {
  let why: String

  init(_ why: String) { self.why = why }
}

extension Figure {
  /// The value; without one the claim is not run.
  func measured(_ what: String = "undefined") throws -> Double {
    switch self {
    case .value(let value): return value
    case .undefined(let reason): throw NotRun("\(what): \(reason.rawValue)")
    }
  }
}

/// Measures the claims of the paper for which there is data on this machine.
public final class ReplicationRun {
  private let home: DataHome
  private let labels: PublishedLabels
  let training: TrainingResults
  let embeddings: EmbeddingResults
  private var ratedSplits: [String: RatedSplit] = [:]
  /// Sets whose rows went into a figure.
  private var used: Set<String> = []

  public init(
    home: DataHome, labels: PublishedLabels, training: TrainingResults, embeddings: EmbeddingResults
  ) {
    (self.home, self.labels) = (home, labels)
    (self.training, self.embeddings) = (training, embeddings)
  }

  /// The whole report. Data that is not there makes claims `not run`; data that is broken throws.
  public func report() throws -> Replication {
    let published = try Published.shipped()
    var replication = try Replication(
      published, setting: "", sweeps: try replacementSweep() + training.sweeps(published),
      experiments: training.summaries
    ) { definition in
      do {
        return .measured(try definition.measure(self))
      } catch let reason as NotRun {
        return .notRun(reason.why)
      }
    }
    let sets = used.isEmpty ? "no data set" : used.sorted().joined(separator: ", ")
    replication.setting = "Ours: invitro \(ScoreReport.toolVersion), with \(sets)."
    return replication
  }

  /// The split with labels by `model`.
  private func rated(_ set: String, _ split: String, _ model: String) throws -> RatedSplit {
    let key = "\(set)/\(split)/\(model)"
    if let known = ratedSplits[key] { return known }
    let (definition, dataset) = try load(set, split)
    var rated = RatedSplit(definition, dataset)
    try rated.add([file(definition, split, model)]) { _ in }
    ratedSplits[key] = rated
    return rated
  }

  private func file(
    _ definition: BenchmarkDefinition, _ split: String, _ model: String
  ) throws -> LabelFile {
    guard let file = labels.file(definition.id, split, model) else {
      throw NotRun("no label file by \(model) for \(definition.title) \(split)")
    }
    return file
  }

  func load(_ set: String, _ split: String) throws -> (BenchmarkDefinition, Dataset) {
    let definition = try home.benchmarks.find(set)
    guard home.has(set, split) else {
      throw NotRun("\(definition.title) \(split) is not in the data home")
    }
    if set == "newsemp24", split == "train",
      let repairs = try home.manifest(set)?.repairs, !repairs.isEmpty
    {
      throw NotRun(
        "the labels of \(definition.title) train in the data home are repaired, the paper's are not"
      )
    }
    used.insert(definition.title)
    return (definition, try home.load(definition, split: split))
  }

  /// - Parameter figure: a name of ``Agreement/figures``.
  func agreement(
    _ set: String, _ split: String, _ first: String, _ second: String, _ figure: String
  ) throws -> Replication.Measurement {
    let essays: [LabelledEssay]
    if second == "llama-again" {
      var own = try rated(set, split, "llama")
      own.addByEssay(
        second, from: try ["train", "dev"].map { try rated("newsemp23", $0, "llama") },
        rater: "llama")
      essays = own.essays
    } else if second == Agreement.crowd {
      essays = try rated(set, split, first).essays
    } else {
      essays = try labelsAlone(set, split, [first, second])
    }
    let found = Agreement(essays, first, second)
    return .init(
      try (found.figures[figure] ?? .undefined(.noRows)).measured(), note: "\(found.count) essays")
  }

  /// Two models' labels of a split, which need no essay.
  private func labelsAlone(
    _ set: String, _ split: String, _ models: [String]
  ) throws -> [LabelledEssay] {
    let definition = try home.benchmarks.find(set)
    let tables = try models.map { model in
      try file(definition, split, model).read(
        idColumns: RatedSplit.idColumns(definition, split: split),
        target: definition.target(orPrimary: nil))
    }
    used.insert("the models' labels of \(definition.title)")
    return Set(tables.flatMap(\.keys)).sorted().map { id in
      zip(models, tables).reduce(LabelledEssay(id: id, text: "", crowd: nil)) {
        $0.adding($1.0, from: $1.1, key: id)
      }
    }
  }

  func zeroShot(
    _ set: String, _ split: String, _ labels: String, _ metric: Metric
  ) throws -> Replication.Measurement {
    let rated = try rated(set, split, labels)
    guard rated.dataset.hasGold else {
      throw NotRun("\(rated.definition.title) \(split) has no gold labels here")
    }
    let rows = rated.essays.filter { $0.crowd != nil && $0.labels[labels] != nil }
    var measured = try Self.figure(rows, labels, metric)
    let missing = rated.essays.count - rows.count
    if missing > 0 { measured.note = "\(missing) rows without a label left out" }
    return measured
  }

  /// A metric of a model's labels as predictions of the crowd's, the CCC with n-1, and its interval
  /// over persons.
  private static func figure(
    _ rows: [LabelledEssay], _ labels: String, _ metric: Metric
  ) throws -> Replication.Measurement {
    let sample = ClusteredSample(
      gold: rows.compactMap(\.crowd), clusters: rows.map { $0.person ?? $0.id })
    let inference = SystemInference(
      sample, predictions: rows.compactMap { $0.labels[labels] },
      options: InferenceOptions(form: .sample))
    let interval = inference.interval(metric).value
    return .init(try inference.figure(metric).measured(), low: interval?.low, high: interval?.high)
  }

  /// CCC of Llama's and the crowd's labels in a demographic group, over all splits of NewsEmp24, and
  /// the group's rows.
  func group(
    _ attribute: String, _ name: String
  ) throws -> (ccc: Replication.Measurement, rows: Int) {
    let rows = try ["train", "dev", "test"].flatMap { split in
      // Persons are numbered anew in each split.
      try rated("newsemp24", split, "llama").essays.map { ($0.person.map { [split, $0] }, $0) }
    }.filter { $1.groups[attribute] == name && $1.crowd != nil && $1.labels["llama"] != nil }
    let persons = Set(rows.compactMap(\.0)).count
    guard PublishingThreshold.standard.allows(rows: rows.count, clusters: persons)
    else { throw NotRun(DemographicGroups.tooSmall) }
    let ccc = try Self.figure(rows.map(\.1), "llama", .ccc).value
    return (.init(ccc, note: "\(rows.count) rows"), rows.count)
  }

  /// Rows of NewsEmp24 train that stand in NewsEmp23 and break 7·e24 + 7·d24 = 6·e23 + 8·d23.
  func inconsistentItems() throws -> Replication.Measurement {
    let (definition, train) = try load("newsemp24", "train")
    let earlier = try ["train", "dev"].map { try load("newsemp23", $0).1 }
    let report = try LabelRepair.repair(train, of: definition, from: earlier).report
    return .init(Double(report.inconsistent), note: "\(report.matched) rows stand in both sets")
  }

  /// How many labels of a split a threshold replaces, of how many.
  func replaced(
    _ set: String, _ split: String, _ llm: String, alpha: Double
  ) throws -> (changed: Int, rows: Int) {
    let summary = try LabelCorrection.threshold(llm: llm, alpha: alpha)
      .apply(rated(set, split, llm).essays, set: set).summary
    return (summary.changed, summary.rows)
  }

  /// The share of NewsEmp18's labels that a threshold replaces; nothing where the set is not here.
  private func replacementSweep() throws -> [Sweep] {
    let series = try [("llama", "Llama"), ("gpt", "GPT-4o")].compactMap { model, name in
      do {
        let points = try stride(from: 0.0, through: 6.0, by: 0.5).map { alpha in
          let (changed, rows) = try replaced("newsemp18", "all", model, alpha: alpha)
          return Sweep.Point(x: alpha, y: Double(changed) / Double(rows))
        }
        return Sweep.Series(name: "ours, \(name)", points: points)
      } catch is NotRun { return nil }
    }
    guard !series.isEmpty else { return [] }
    return [
      Sweep(
        title: "NewsEmp18: share of labels that a threshold replaces", variable: "alpha",
        metric: "share of 1,860 rows", series: series)
    ]
  }
}
