import Reference
import Basics
public import Study

extension CorrectionReport {
  /// The comparison of corrections as a table.
  public var text: String {
    var table = TextTable([
      ("labels", .left), ("replaced", .right), ("CCC", .left), ("PCC", .left), ("RMSE", .left),
      ("CCC less \(reference)", .left), ("p", .right),
    ])
    for way in ways {
      table.add([
        way.labels, Rounding.text(way.changed, decimals: 1), Self.text(way.ccc),
        Self.text(way.pcc), Self.text(way.rmse), way.difference.map(Self.text) ?? "",
        way.p.map(FigureText.probability) ?? "",
      ])
    }
    let chosen = ways.compactMap { way in
      way.used.map { used in
        let parts = used.sorted { $0.key < $1.key }.map { "\($0.key) in \($0.value)" }
        return "\(way.labels): \(parts.joined(separator: ", ")) of \(folds) folds"
      }
    }
    return
      ([
        "\(set): \(rows) rows, \(persons) persons, \(folds) folds by person, seed \(seed), "
          + "ridge regression on \(features)", table.text,
      ] + chosen).joined(separator: "\n\n")
  }

  private static func text(_ value: Value) -> String {
    guard let figure = value.value else { return "undefined" }
    let ends = value.low.flatMap { low in
      value.high.map { " [\(Rounding.text(low, decimals: 3)), \(Rounding.text($0, decimals: 3))]" }
    }
    return Rounding.text(figure, decimals: 3) + (ends ?? "")
  }
}

extension CurationReport {
  /// What was put together, as tables.
  public var text: String {
    var parts: [String] = []
    if let selection { parts.append(Self.candidates(selection)) }
    if let reliability {
      func share(_ value: Double?) -> String {
        value.map { Rounding.text($0, decimals: 2) } ?? "undefined"
      }
      parts.append(
        "reliability: crowd \(share(reliability.crowd)), model \(share(reliability.model)); "
          + "weight of the model \(share(reliability.weight)), from \(reliability.rows) rows")
    }
    var steps = TextTable([
      ("set", .left), ("labels", .left), ("rows", .right), ("drawn", .right), ("replaced", .right),
      ("no model label", .right), ("no crowd label", .right), ("in evaluation", .right),
      ("in the table", .right),
    ])
    for step in manifest.steps {
      steps.add(
        [step.set, step.labels]
          + [
            step.given, step.chosen, step.changed, step.withoutModelLabel, step.withoutCrowdLabel,
            step.inEvaluation, step.added,
          ].map { "\($0)" })
    }
    parts.append(steps.text)
    var provenance = TextTable([("provenance", .left), ("rows", .right)])
    for (name, count) in manifest.provenances.sorted(by: { $0.key < $1.key }) {
      provenance.add([name, "\(count)"])
    }
    parts.append(provenance.text)
    let leaking = manifest.steps.reduce(0) { $0 + $1.inEvaluation }
    let kept = manifest.overlap == .keep ? "kept" : "left out"
    let compared =
      evaluation.isEmpty
      ? "not compared with an evaluation split"
      : "\(leaking) rows also stand in \(evaluation.joined(separator: ", ")): \(kept)"
    parts.append("\(compared); \(manifest.nearDuplicates) pairs of near duplicates")
    return parts.joined(separator: "\n\n")
  }

  private static func candidates(_ choice: Selection) -> String {
    var rows = TextTable([
      ("labels", .left), ("CCC", .right), ("gain", .right), ("error", .right),
      ("replaced", .right), ("", .left),
    ])
    for candidate in choice.candidates {
      rows.add(
        [candidate.correction]
          + [candidate.ccc, candidate.gain, candidate.gainError].map {
            $0.map { Rounding.text($0) } ?? "undefined"
          }
          + ["\(candidate.changed)", candidate.correction == choice.chosen ? "chosen" : ""])
    }
    let ratio =
      choice.gainInErrors.map { "\(Rounding.text($0, decimals: 1)) times its standard error" }
      ?? "0"
    let verdict =
      "The best of \(choice.candidates.count) looks better than it is. Its gain over the crowd's "
      + "labels is \(ratio), which comes from \(choice.folds) folds; no test says that it is real."
    return "\(choice.folds) folds by person, seed \(choice.seed)\n\(rows.text)\n\(verdict)"
  }
}
