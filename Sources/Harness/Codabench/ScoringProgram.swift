public import Foundation
public import Metrics

/// Scores one submission as Codabench has it done: a folder with the organiser's labels in `ref`
/// and a submission in `res`.
/// `ref` holds a benchmark's folder as an import makes it, which gives clusters and groups, or one
/// file of labels. `res` holds one prediction file in any accepted form, itself or in a zip.
public struct ScoringProgram {
  public let input: URL
  public let options: ScoringOptions
  /// Which of the benchmarks in `ref`; nil for the only one.
  public let definition: BenchmarkDefinition?
  /// Which split; nil for the only one with labels, or the benchmark's own among several.
  public let split: String?
  /// What is released of the scores, and how far outside the labels' range a prediction may lie.
  public let rule: ReleaseRule

  public init(
    input: URL, options: ScoringOptions = ScoringOptions(), rule: ReleaseRule = .open,
    definition: BenchmarkDefinition? = nil, split: String? = nil
  ) {
    (self.input, self.options, self.rule) = (input, options, rule)
    (self.definition, self.split) = (definition, split)
  }

  public struct Outcome: Sendable {
    /// As far as the rule releases it.
    public var report: ScoreReport
    /// The benchmark's, in its order.
    public var targets: [Target]
    /// `scores.txt` as WASSA 2024 has it.
    public var wassa: String
    /// What the team should look at although the file is valid.
    public var warnings: [Diagnostic]
  }

  /// - Throws: ``HarnessError/missing(path:hint:)`` where `ref` or `res` is not there,
  ///   ``HarnessError/usage(_:)`` where `ref` has no labels or leaves open what to score, and
  ///   ``HarnessError/invalid(_:)`` with every fault of the submission.
  public func run() throws(HarnessError) -> Outcome {
    let scorer = try reference()
    let (name, file) = try submission()
    let reader = PredictionReader(scorer.definition, dataset: scorer.dataset, margin: rule.margin)
    let predictions = try reader.read(SourceText.read(file), name: name)
    return Outcome(
      report: rule.release(try scorer.score(predictions)), targets: scorer.definition.targets,
      wassa: wassa(scorer, predictions), warnings: predictions.warnings)
  }

  private func folder(_ name: String, holds what: String) throws(HarnessError) -> URL {
    let url = input.appending(path: name, directoryHint: .isDirectory)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder),
      isFolder.boolValue
    else {
      throw .missing(
        path: url.relativePath,
        hint: "The input folder holds ref (the labels) and res (a submission); \(name) is for "
          + "\(what).")
    }
    return url
  }

  // MARK: - The submission

  private func submission() throws(HarnessError) -> (name: String, file: URL) {
    let folder = try folder("res", holds: "the submission")
    let paths = try files(of: folder, name: "res")
    let chosen = paths[try PredictionChoice.choose(paths, name: "res", more: ["zip"])]
    let file = folder.appending(path: chosen)
    let size = (try? FileManager.default.attributesOfItem(atPath: file.path))?[.size] as? Int ?? 0
    guard size <= ZipArchive.maximumBytes else {
      throw .fault(
        .archive, file: "res/" + chosen, found: "\(size) bytes",
        expected: "at most \(ZipArchive.maximumBytes >> 20) MiB")
    }
    return ("res/" + chosen, file)
  }

  /// Without what Codabench itself puts beside them.
  private func files(of folder: URL, name: String) throws(HarnessError) -> [String] {
    try FolderFiles.regular(in: folder, name: name).filter {
      !["metadata", "metadata.yaml", "metadata.txt"].contains($0.split(separator: "/").last ?? "")
    }
  }

  // MARK: - The labels

  private func reference() throws(HarnessError) -> Scorer {
    let folder = try folder("ref", holds: "the labels")
    let paths = try files(of: folder, name: "ref")
    let imported = paths.compactMap { path -> String? in
      let parts = path.split(separator: "/")
      return parts.count == 2 && parts[1] == "dataset.json" ? String(parts[0]) : nil
    }
    if let definition {
      return try scorer(definition, in: DataHome(folder))
    }
    if imported.count > 1 {
      throw .usage(
        "ref holds several benchmarks (\(imported.joined(separator: ", "))): "
          + "say which with --benchmark.")
    }
    if let only = imported.first {
      return try scorer(DataHome(folder).benchmarks.find(only), in: DataHome(folder))
    }
    return try scorer(labels: paths, in: folder)
  }

  private func scorer(
    _ definition: BenchmarkDefinition, in home: DataHome
  ) throws(HarnessError) -> Scorer {
    guard let manifest = try home.manifest(definition.id) else {
      throw .missing(
        path: "ref/\(definition.id)/dataset.json",
        hint: "Copy the folder \(definition.id) of a data home into ref.")
    }
    let here = manifest.splits.filter { home.has(definition.id, $0.name) }
    let labelled = here.filter(\.hasGold).map(\.name)
    let wanted: String
    if let split {
      wanted = split
    } else if labelled.count == 1 {
      wanted = labelled[0]
    } else if labelled.contains(definition.defaultSplit) {
      wanted = definition.defaultSplit
    } else if labelled.isEmpty {
      throw .usage(
        "ref/\(definition.id) has no split with labels: "
          + (here.isEmpty ? "no split's file is there." : "it is blind. Import it with its labels.")
      )
    } else {
      throw .usage(
        "ref/\(definition.id) holds several splits (\(labelled.joined(separator: ", "))): "
          + "say which with --split.")
    }
    return try Scorer(definition, dataset: home.load(definition, split: wanted), options: options)
  }

  private func scorer(labels paths: [String], in folder: URL) throws(HarnessError) -> Scorer {
    let named = paths.filter { $0.split(separator: "/").last == "goldstandard_EMP.tsv" }
    guard let path = named.first ?? paths.first, named.count == 1 || paths.count == 1 else {
      throw .usage(
        "ref holds \(paths.isEmpty ? "no file" : paths.joined(separator: ", ")): it needs a "
          + "benchmark's folder with dataset.json, goldstandard_EMP.tsv, or a single file of labels."
      )
    }
    let gold = try GoldFile(
      folder.appending(path: path), name: "ref/" + path, like: BenchmarkRegistry.standard())
    let faults = gold.table.faults.filter { $0.severity == .error }
    if !faults.isEmpty { throw .invalid(faults) }
    var (definition, dataset) = (gold.definition, gold.dataset)
    dataset.split = path.split(separator: "/").last.map(String.init) ?? path
    definition.defaultSplit = dataset.split
    definition.splits[0].name = dataset.split
    return try Scorer(definition, dataset: dataset, options: options)
  }

  // MARK: - WASSA

  /// With a column that copies another, which counts as not attempted elsewhere.
  private func wassa(_ scorer: Scorer, _ predictions: Predictions) -> String {
    var predictions = predictions
    for (copy, original) in predictions.copies {
      predictions.columns[copy] = predictions.columns[original]
    }
    let figures = scorer.definition.targets.map { target in
      scorer.rows(target.name, of: predictions).map {
        PointMetrics.pcc($0.predictions, $0.sample.gold)
      }
    }
    return WASSATrack.scores(scorer.definition, figures)
  }
}

/// `scores.txt` as the evaluation script of WASSA 2024 writes it for a track: each correlation
/// rounded to 4 decimals, their mean not rounded again, an undefined one (or a target not
/// predicted) as the whole number 0.
public enum WASSATrack {
  /// A line for the mean, then one a target, indented by a tab; `figures` are their PCCs in the
  /// definition's order, nil for one that is not predicted.
  public static func scores(_ definition: BenchmarkDefinition, _ figures: [Figure?]) -> String {
    let figures = figures.map { $0 ?? .undefined(.constantPrediction) }
    let rounded = figures.map { WASSA.rounded($0).value ?? 0 }
    let average = rounded.reduce(0, +) / Double(rounded.count)
    let name = definition.track ?? definition.title
    var lines = ["\(name): Averaged Pearson Correlations: \(average)"]
    for (target, (figure, value)) in zip(definition.targets, zip(figures, rounded)) {
      // A constant column is 0 there and not 0.0: Python shows which of the two it was.
      lines.append("\t\(target.title): \(figure.value == nil ? "0" : "\(value)")")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension ScoreReport {
  /// Every defined, finite figure by a flat name, as a leaderboard's columns ask for it:
  /// `empathy_pcc`, `empathy_pcc_low`, `n`, `clusters`, `wassa_averaged`.
  public var flatScores: [String: Double] {
    var scores = ["n": Double(n), "clusters": Double(clusters)]
    for (target, figures) in targets {
      for metric in figures.metrics {
        let figure = figures[metric]
        scores["\(target)_\(metric)"] = figure?.value
        scores["\(target)_\(metric)_low"] = figure?.low
        scores["\(target)_\(metric)_high"] = figure?.high
      }
      scores["wassa_\(target)"] = wassa[target]
    }
    scores["wassa_averaged"] = wassa.averaged
    return scores.filter(\.value.isFinite)
  }
}
