import Basics
public import Harness

/// What `invitro data` prints of imports, benchmarks and repairs.
extension DatasetImporter.Summary {
  public func text(_ definition: BenchmarkDefinition) -> String {
    let columns =
      ["split", ">rows"] + definition.clusters.map { ">\($0.plural)" }
      + ["gold", ">missing labels", ">duplicate \(definition.rowNoun.plural)", ">no attributes"]
    let rows = splits.map { split in
      let missing = definition.targetNames.compactMap { target in
        split.missingLabels[target].map { "\($0) \(target)" }
      }
      return [split.name, "\(split.rows)"]
        + definition.clusters.map { "\(split.clusters[$0] ?? 0)" }
        + [split.hasGold ? "yes" : "blind", missing.joined(separator: ", ")]
        + [split.duplicateTexts, split.withoutAttributes].map { $0.map { "\($0)" } ?? "-" }
    }
    return "\(benchmark)\n" + TextTable.text(columns, rows)
  }
}

extension DatasetStatistics {
  public func text(_ definition: BenchmarkDefinition) -> String {
    var lines = ["\(definition.title) · \(definition.licence)", ""]
    for split in splits {
      let clusters = definition.clusters.map { $0.counted(split.clusters[$0] ?? 0) }
      lines.append("\(split.name): " + (["\(split.rows) rows"] + clusters).joined(separator: ", "))
      for target in definition.targets {
        guard let labels = split.labels[target.name] else { continue }
        let sd = labels.sd.map { Rounding.text($0, decimals: 3) } ?? "undefined"
        lines.append(
          "  \(target.name): n \(labels.n), mean \(Rounding.text(labels.mean, decimals: 3))"
            + ", SD \(sd)  \(Self.bars(labels.histogram ?? [])) \(target.low)–\(target.high)")
      }
      let unit = (definition.clusters.first ?? BenchmarkDefinition.rows).plural
      for attribute in definition.groups.map(\.attribute) {
        let groups = split.groups.filter { $0.attribute == attribute }.map { group in
          guard let n = group.n, let count = group.clusters else {
            return "\(group.group): \(group.suppressed ?? "")"
          }
          return "\(group.group) \(n) (\(count))"
        }
        guard !groups.isEmpty else { continue }
        lines.append("  \(attribute), rows (\(unit)): " + groups.joined(separator: ", "))
      }
    }
    lines += overlaps.map {
      "overlap: \($0.rows) rows of \($0.split) have the text of one of \($0.other)"
    }
    return lines.joined(separator: "\n")
  }

  /// A histogram in one line; the fullest bin has the highest bar.
  private static func bars(_ counts: [Int]) -> String {
    let most = max(1, counts.max() ?? 1)
    let blocks = Array("▁▂▃▄▅▆▇█")
    return String(counts.map { $0 == 0 ? " " : blocks[min(7, $0 * 8 / (most + 1))] })
  }
}

extension LabelRepair.Report {
  /// - Parameter isDry: nothing was written.
  public func text(_ targets: [String], isDry: Bool) -> String {
    let changes = targets.map { target in
      let change = self.changes[target] ?? Change()
      return "\(target) by \(Rounding.text(change.mean, decimals: 3)) on average, "
        + "\(Rounding.text(change.largest, decimals: 3)) at most"
    }
    return """
      \(rows) rows, \(matched) with an essay of NewsEmp23, \(alreadyRight) of them with its labels \
      already
      \(changed) rows \(isDry ? "would change" : "changed"): \(changes.joined(separator: "; "))
      \(inconsistent) rows break the identity and \(ambiguous) are ambiguous; they were left alone
      """
  }
}

extension Diagnostic {
  /// A row a fault.
  public static func table(_ faults: [Diagnostic]) -> ResultTable {
    ResultTable(
      "faults",
      [
        .text("severity"), .text("code"), .text("file"), .number("line"), .number("column"),
        .text("field"), .text("found"), .text("expected"),
      ],
      faults.map { fault in
        [
          .text(fault.severity.rawValue), .text(fault.code.rawValue), .text(fault.file),
          .count(fault.line), .count(fault.column), .text(fault.field), .text(fault.found),
          .text(fault.expected),
        ]
      })
  }
}
