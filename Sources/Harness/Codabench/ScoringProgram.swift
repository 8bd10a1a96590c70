public import Foundation
public import Metrics

/// Scores one submission as Codabench has it done: a folder with the organiser's labels in `ref`
/// and a submission in `res`.
/// `ref` holds a benchmark's folder as an import makes it, which gives clusters and groups, or one
/// file of labels. `res` holds one prediction file in any accepted form, itself or in a zip. With the
/// labels of several tracks of WASSA 2024 in `ref`, `res` may hold a file of each.
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
    /// One, or one a prediction file where `ref` holds the labels of several tracks.
    public var tracks: [Track]
    /// `scores.txt` as WASSA 2024 has it.
    public var wassa: String
    /// What the team should look at although the files are valid.
    public var warnings: [Diagnostic]

    /// Every track's ``ScoreReport/flatScores``, with its name in front where it has one:
    /// `convt_emotion_pcc`.
    public var flatScores: [String: Double] {
      tracks.reduce(into: [:]) { all, track in
        let prefix = track.name.map { $0.lowercased() + "_" } ?? ""
        for (name, value) in track.report.flatScores { all[prefix + name] = value }
      }
    }
  }

  public struct Track: Sendable {
    /// As the organisers' files are named, such as `CONVT`; nil where there are no tracks.
    public var name: String?
    /// As the organisers' script has it, such as `Track 2 (CONVT)`; nil where there are no tracks.
    public var title: String?
    /// As far as the rule releases it.
    public var report: ScoreReport
    /// The benchmark's, in its order.
    public var targets: [Target]
  }

  /// - Throws: ``HarnessError/missing(path:hint:)`` where `ref` or `res` is not there,
  ///   ``HarnessError/usage(_:)`` where `ref` has no labels or leaves open what to score, and
  ///   ``HarnessError/invalid(_:)`` with every fault of the submission.
  public func run() throws(HarnessError) -> Outcome {
    if let tracks = try tracks() { return try score(tracks) }
    let scorer = try reference()
    let (name, file) = try submission(scorer.definition.predictionFile)
    let reader = PredictionReader(scorer.definition, dataset: scorer.dataset, margin: rule.margin)
    let predictions = try reader.read(SourceText.read(file), name: name)
    let track = Track(
      report: rule.release(try scorer.score(predictions)), targets: scorer.definition.targets)
    return Outcome(
      tracks: [track], wassa: wassa(scorer, predictions), warnings: predictions.warnings)
  }

  func folder(_ name: String, holds what: String) throws(HarnessError) -> URL {
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

  private func submission(_ wanted: String) throws(HarnessError) -> (name: String, file: URL) {
    let folder = try folder("res", holds: "the submission")
    let paths = try files(of: folder, name: "res")
    let chosen =
      paths[try PredictionChoice.choose(paths, name: "res", file: wanted, more: ["zip"])]
    let file = folder.appending(path: chosen)
    try checkSize(of: file, name: "res/" + chosen)
    return ("res/" + chosen, file)
  }

  func checkSize(of file: URL, name: String) throws(HarnessError) {
    let size = (try? FileManager.default.attributesOfItem(atPath: file.path))?[.size] as? Int ?? 0
    guard size <= ZipArchive.maximumBytes else {
      throw .fault(
        .archive, file: name, found: "\(size) bytes",
        expected: "at most \(ZipArchive.maximumBytes >> 20) MiB")
    }
  }

  /// Without what Codabench itself puts beside them.
  func files(of folder: URL, name: String) throws(HarnessError) -> [String] {
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
    let gold = try GoldSplit(
      labels: folder.appending(path: path), name: "ref/" + path,
      like: BenchmarkRegistry.standard())
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
        WASSA.script($0.predictions, $0.sample.gold)
      }
    }
    return WASSATrack.scores(scorer.definition, figures)
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
    if let official = wassa.official {
      scores["wassa_official_rows"] = Double(official.rows)
      scores["wassa_official_averaged"] = official.averaged
      for target in wassa.targets { scores["wassa_official_\(target)"] = official[target] }
    }
    return scores.filter(\.value.isFinite)
  }
}
