import Foundation
public import Harness
import Metrics
import Reference

/// Measures the claims of the paper for which there is data on this machine.
public final class ReplicationRun {
  public let home: DataHome
  public let labels: PublishedLabels
  private let training: TrainingResults
  private let embeddings: EmbeddingResults
  private var ratedSplits: [String: RatedSplit] = [:]
  /// Sets whose rows went into a figure.
  private var used: Set<String> = []

  /// Why a claim can't be measured.
  public struct NotRun: Error {
    public var why: String
  }

  public init(
    home: DataHome, labels: PublishedLabels, training: TrainingResults,
    embeddings: EmbeddingResults
  ) {
    (self.home, self.labels) = (home, labels)
    (self.training, self.embeddings) = (training, embeddings)
  }

  /// The whole report. Data that is not there makes claims `not run`; data that is broken throws.
  public func report() throws -> Replication {
    let published = try Published.shipped()
    var replication = try Replication(
      published, setting: "",
      sweeps: try replacementSweep() + training.sweeps(published),
      experiments: training.summaries
    ) { try outcome($0.evidence) }
    replication.setting = setting
    return replication
  }

  private var setting: String {
    let sets = used.isEmpty ? "no data set" : used.sorted().joined(separator: ", ")
    return "Ours: invitro \(ScoreReport.toolVersion), with \(sets)."
  }

  private func outcome(_ evidence: ClaimDefinition.Evidence) throws -> Replication.Outcome {
    do {
      return .measured(try measure(evidence))
    } catch let reason as NotRun {
      return .notRun(reason.why)
    }
  }

  private func measure(_ evidence: ClaimDefinition.Evidence) throws -> Replication.Measurement {
    switch evidence {
    case .publishedTables: throw NotRun(why: "the published tables say it themselves")
    case .agreement(let set, let split, let first, let second, let figure):
      return try agreement(set, split, first, second, figure)
    case .zeroShot(let set, let split, let labels, let metric):
      return try zeroShot(set, split, labels, metric)
    case .replaced(let set, let split, let llm, let alpha):
      let essays = try rated(set, split, [llm]).essays
      let correction = LabelCorrection.threshold(llm: llm, alpha: alpha)
      return .init(Double(try correction.apply(essays, set: set).summary.changed))
    case .group(let attribute, let name): return try group(attribute, name)
    case .fact(let fact): return try self.fact(fact)
    case .training(let row, let metric, let statistic):
      return try training.measurement(row, metric, statistic)
    case .significance(let row, let baseline, let metric):
      return try training.significance(row, baseline, metric)
    case .silhouette(let labels): return try embeddings.measurement(labels)
    }
  }

  // MARK: Data

  /// The split with labels by `models`.
  public func rated(_ set: String, _ split: String, _ models: [String]) throws -> RatedSplit {
    let key = ([set, split] + models).joined(separator: "/")
    if let known = ratedSplits[key] { return known }
    let (definition, dataset) = try load(set, split)
    var rated = RatedSplit(definition, dataset)
    for model in models {
      guard let file = labels.file(set, split, model) else {
        throw NotRun(why: Self.noLabels(definition, split, model))
      }
      try rated.add([file], say: { _ in })
    }
    ratedSplits[key] = rated
    return rated
  }

  public static func noLabels(
    _ definition: BenchmarkDefinition, _ split: String, _ model: String
  ) -> String {
    "no label file by \(model) for \(definition.title) \(split)"
  }

  private func load(
    _ set: String, _ split: String
  ) throws -> (BenchmarkDefinition, Dataset) {
    let definition = try BenchmarkRegistry.find(set)
    guard home.has(set, split) else {
      throw NotRun(why: "\(definition.title) \(split) is not in the data home")
    }
    if set == "newsemp24", split == "train",
      let repairs = try home.manifest(set)?.repairs, !repairs.isEmpty
    {
      throw NotRun(
        why: "the labels of \(definition.title) train in the data home are repaired, the paper's "
          + "are not")
    }
    used.insert(definition.title)
    return (definition, try home.load(definition, split: split))
  }

  // MARK: Claims

  private func agreement(
    _ set: String, _ split: String, _ first: String, _ second: String,
    _ figure: ClaimDefinition.Agreed
  ) throws -> Replication.Measurement {
    let essays: [LabelledEssay]
    if second == "llama-again" {
      var own = try rated(set, split, ["llama"])
      own.addByEssay(
        second, from: try ["train", "dev"].map { try rated("newsemp23", $0, ["llama"]) },
        rater: "llama")
      essays = own.essays
    } else if second == Agreement.crowd {
      essays = try rated(set, split, [first]).essays
    } else {
      essays = try labelsAlone(set, split, [first, second])
    }
    let found = Agreement(essays, first, second)
    let value =
      switch figure {
      case .alpha: found.alpha
      case .mae: found.mae
      case .sd: found.deviation
      case .pcc: found.pcc
      }
    guard let value = value.value else {
      throw NotRun(why: "undefined: \(value.reason?.rawValue ?? "no value")")
    }
    return .init(value, note: "\(found.count) essays")
  }

  /// Two models' labels of a split, which need no essay.
  private func labelsAlone(
    _ set: String, _ split: String, _ models: [String]
  ) throws -> [LabelledEssay] {
    let definition = try BenchmarkRegistry.find(set)
    let tables = try models.map { model in
      guard let file = labels.file(set, split, model) else {
        throw NotRun(why: Self.noLabels(definition, split, model))
      }
      return try file.read(
        idColumns: RatedSplit.idColumns(definition, split: split),
        target: definition.primary.target)
    }
    used.insert("the models' labels of \(definition.title)")
    return tables.reduce(into: Set<String>()) { $0.formUnion($1.keys) }.sorted().map { id in
      zip(models, tables).reduce(LabelledEssay(id: id, text: "", crowd: nil)) {
        $0.adding($1.0, from: $1.1, key: id)
      }
    }
  }

  private func zeroShot(
    _ set: String, _ split: String, _ labels: String, _ metric: Metric
  ) throws -> Replication.Measurement {
    let rated = try rated(set, split, [labels])
    guard rated.dataset.hasGold else {
      throw NotRun(why: "\(rated.definition.title) \(split) has no gold labels here")
    }
    let rows = rated.essays.filter { $0.crowd != nil && $0.labels[labels] != nil }
    let measured = try Self.figure(rows, labels, metric)
    let missing = rated.essays.count - rows.count
    return .init(
      measured.value, low: measured.low, high: measured.high,
      note: missing > 0 ? "\(missing) rows without a label left out" : nil)
  }

  /// A metric of a model's labels as predictions of the crowd's, the CCC with n-1, and its interval
  /// over persons.
  private static func figure(
    _ rows: [LabelledEssay], _ labels: String, _ metric: Metric
  ) throws -> (value: Double, low: Double?, high: Double?) {
    let sample = ClusteredSample(
      gold: rows.compactMap(\.crowd), clusters: rows.map { $0.person ?? $0.id })
    let inference = SystemInference(
      sample, predictions: rows.compactMap { $0.labels[labels] },
      options: InferenceOptions(form: .sample))
    guard let value = inference.figure(metric).value else {
      throw NotRun(why: "undefined: \(inference.figure(metric).reason?.rawValue ?? "no value")")
    }
    guard case .value(let interval) = inference.interval(metric) else { return (value, nil, nil) }
    return (value, interval.low, interval.high)
  }

  private func group(_ attribute: String, _ name: String) throws -> Replication.Measurement {
    let rows = try ["train", "dev", "test"].flatMap { split in
      try rated("newsemp24", split, ["llama"]).essays
        // Persons are numbered anew in each split.
        .map { ($0.person.map { "\(split) \($0)" }, $0) }
    }.filter { $1.groups[attribute] == name && $1.crowd != nil && $1.labels["llama"] != nil }
    let persons = Set(rows.compactMap(\.0)).count
    guard PublishingThreshold.standard.allows(rows: rows.count, clusters: persons)
    else { throw NotRun(why: DemographicGroups.tooSmall) }
    let measured = try Self.figure(rows.map(\.1), "llama", .ccc)
    return .init(measured.value, note: "\(rows.count) rows")
  }

  private func fact(_ fact: ClaimDefinition.Fact) throws -> Replication.Measurement {
    switch fact {
    case .devRows: return .init(Double(try load("newsemp24", "dev").1.rows.count))
    case .devEssays:
      let rows = try load("newsemp24", "dev").1.rows
      return .init(Double(Set(rows.map(\.normalisedText)).count))
    case .inconsistentItems:
      let (definition, train) = try load("newsemp24", "train")
      let earlier = try ["train", "dev"].map { try load("newsemp23", $0).1 }
      let report = try LabelRepair.repair(train, of: definition, from: earlier).report
      return .init(
        Double(report.inconsistent), note: "\(report.matched) rows stand in both sets")
    }
  }

  /// The share of NewsEmp18's labels that a threshold replaces; nothing where the set is not here.
  private func replacementSweep() throws -> [Sweep] {
    var series: [Sweep.Series] = []
    for (model, name) in [("llama", "Llama"), ("gpt", "GPT-4o")] {
      let found: RatedSplit
      do {
        found = try rated("newsemp18", "all", [model])
      } catch is NotRun {
        continue
      }
      let points = try stride(from: 0.0, through: 6.0, by: 0.5).map { alpha in
        let changed = try LabelCorrection.threshold(llm: model, alpha: alpha)
          .apply(found.essays, set: "newsemp18").summary.changed
        return Sweep.Point(x: alpha, y: Double(changed) / Double(found.essays.count))
      }
      series.append(Sweep.Series(name: "ours, \(name)", points: points))
    }
    guard !series.isEmpty else { return [] }
    return [
      Sweep(
        title: "NewsEmp18: share of labels that a threshold replaces", variable: "alpha",
        metric: "share of 1,860 rows", series: series)
    ]
  }
}
