import Basics
import ArgumentParser
import Foundation
import Harness
import Reference

/// The essays that a training table must not hold.
struct EvaluationTexts {
  /// The splits they come from; empty where nothing was compared.
  let splits: [String]
  let texts: [String]

  /// - Parameters:
  ///   - named: the splits that the user named; empty takes dev and test where they are imported and
  ///     neither trained on nor part of what is.
  ///   - training: the splits that are trained on.
  init(
    _ named: [String], of definition: BenchmarkDefinition, training: [String], home: DataHome
  ) throws {
    if let both = named.first(where: training.contains) {
      throw ValidationError("\(both) is both trained and evaluated on.")
    }
    let isSource = definition.derived.map { training.contains($0.from) } ?? false
    splits =
      !named.isEmpty || isSource
      ? named
      : ["dev", "test"].filter { !training.contains($0) && home.has(definition.id, $0) }
    texts = try splits.flatMap { try home.load(definition, split: $0).rows.map(\.text) }
    if splits.isEmpty {
      Console.message(
        "no evaluation split: the rows are compared with none; name one with --evaluation")
    }
  }
}

/// What `invitro curate` says of the table that it writes.
struct CurationReport {
  let table: TrainingTable
  let evaluation: EvaluationTexts
  var reliability: LabelReliability?
  var choice: AlphaSelection?

  /// What `--json` prints.
  private struct Document: Encodable {
    var schema = 1
    var manifest: TrainingTable.Manifest
    var evaluation: [String]
    var reliability: Reliability?
    var selection: Selection?

    struct Reliability: Encodable {
      var crowd: Double?
      var model: Double?
      var weight: Double?
    }
    struct Selection: Encodable {
      var seed: UInt64
      var folds: Int
      var chosen: String
      var candidates: [Candidate]
    }
    struct Candidate: Encodable {
      var correction: String
      var ccc: Double?
      var gain: Double?
      var gainError: Double?
      var changed: Int
    }
  }

  /// Writes the table and its manifest, then prints the summary.
  func write(to file: URL, json: Bool) throws {
    try AtomicFile.createFolder(file.deletingLastPathComponent())
    try table.write(to: file)
    Console.message(
      "\(table.rows.count) rows in \(file.relativePath), manifest in "
        + "\(file.relativePath).manifest.json; both are for this machine")
    if json { return try Console.json(document) }
    Console.print(text)
  }

  private var document: Document {
    func round(_ value: Double) -> Double? { Rounding.published(value) }
    return Document(
      manifest: table.manifest, evaluation: evaluation.splits,
      reliability: reliability.map {
        Document.Reliability(
          crowd: round($0.crowd), model: round($0.model), weight: round($0.weight))
      },
      selection: choice.map { choice in
        Document.Selection(
          seed: choice.seed, folds: choice.folds, chosen: choice.best.correction.name,
          candidates: choice.candidates.map {
            Document.Candidate(
              correction: $0.correction.name, ccc: round($0.ccc), gain: round($0.gain),
              gainError: round($0.gainError), changed: $0.changed)
          })
      })
  }

  private var text: String {
    var parts: [String] = []
    if let choice { parts.append(Self.candidates(choice)) }
    if let reliability {
      func share(_ value: Double) -> String { Rounding.text(value, decimals: 2) }
      parts.append(
        "reliability: crowd \(share(reliability.crowd)), model \(share(reliability.model)); "
          + "weight of the model \(share(reliability.weight)), from \(reliability.rows) rows")
    }
    var steps = TextTable([
      ("set", .left), ("labels", .left), ("rows", .right), ("drawn", .right), ("replaced", .right),
      ("no model label", .right), ("no crowd label", .right), ("in evaluation", .right),
      ("in the table", .right),
    ])
    for step in table.steps {
      steps.add(
        [step.set, step.labels]
          + [
            step.given, step.chosen, step.changed, step.withoutModelLabel, step.withoutCrowdLabel,
            step.inEvaluation, step.added,
          ].map { "\($0)" })
    }
    parts.append(steps.text)
    var provenance = TextTable([("provenance", .left), ("rows", .right)])
    for (name, count) in table.provenances.sorted(by: { $0.key < $1.key }) {
      provenance.add([name, "\(count)"])
    }
    parts.append(provenance.text)
    let leaking = table.steps.reduce(0) { $0 + $1.inEvaluation }
    let kept = table.manifest.overlap == .keep ? "kept" : "left out"
    let compared =
      evaluation.splits.isEmpty
      ? "not compared with an evaluation split"
      : "\(leaking) rows also stand in \(evaluation.splits.joined(separator: ", ")): \(kept)"
    parts.append("\(compared); \(table.manifest.nearDuplicates) pairs of near duplicates")
    return parts.joined(separator: "\n\n")
  }

  private static func candidates(_ choice: AlphaSelection) -> String {
    var rows = TextTable([
      ("labels", .left), ("CCC", .right), ("gain", .right), ("error", .right),
      ("replaced", .right), ("", .left),
    ])
    for candidate in choice.candidates {
      rows.add(
        [candidate.correction.name]
          + [candidate.ccc, candidate.gain, candidate.gainError].map { Rounding.text($0) }
          + ["\(candidate.changed)", candidate == choice.best ? "chosen" : ""])
    }
    let best = choice.best
    let ratio =
      best.gainError > 0
      ? "\(Rounding.text(best.gain / best.gainError, decimals: 1)) times its standard error"
      : "0"
    let verdict =
      "The best of \(choice.candidates.count) looks better than it is. Its gain over the crowd's "
      + "labels is \(ratio), which comes from \(choice.folds) folds; no test says that it is real."
    return "\(choice.folds) folds by person, seed \(choice.seed)\n\(rows.text)\n\(verdict)"
  }
}
