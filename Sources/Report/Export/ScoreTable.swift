public import Harness
public import Metrics

/// Several systems, scored on the same rows.
public struct ScoreTable: Encodable, Sendable {
  public let schema = 1
  public let systems: [System]

  public struct System: Encodable, Sendable {
    public let name, file: String
    public let report: ScoreReport

    public init(name: String, file: String, report: ScoreReport) {
      (self.name, self.file, self.report) = (name, file, report)
    }
  }

  public init(_ systems: [System]) { self.systems = systems }

  /// A row a system and target, in the order that the files were given in.
  /// - Parameters:
  ///   - targets: in the order to show them.
  ///   - primary: the metric whose intervals are shown; the CSV has all of them.
  public func document(targets: [String], primary: Metric) -> ResultDocument {
    let reports = systems.map(\.report)
    let shown = targets.filter { target in reports.contains { $0.targets[target] != nil } }
    let scores = reports.flatMap { report in shown.compactMap { report.targets[$0] } }
    let measured = Set(scores.flatMap(\.metrics))
    let metrics = [primary] + Metric.all.filter { $0 != primary && measured.contains($0) }
    var table = ResultTable(
      "systems",
      [.text("system"), .text("target"), .number("rows"), .number("clusters")]
        + metrics.map { $0 == primary ? .bounded($0.title) : .figure($0.title) })
    for system in systems {
      for target in shown {
        guard let scores = system.report.targets[target] else { continue }
        table.add(
          [
            .text(system.name), .text(target), .count(system.report.n),
            .count(system.report.clusters),
          ] + metrics.map { Self.cell(scores[$0], isPrimary: $0 == primary) })
      }
    }
    var parts: [ResultDocument.Part] = [.table(table)]
    if reports.contains(where: { !$0.groups.isEmpty }) {
      parts.append(
        .table(ScoreText.groups(systems.map { ($0.name, $0.report) }, targets: shown)))
    }
    return ResultDocument(
      [.lines(reports.map { "\($0.benchmark)/\($0.split)" }.unique().joined(separator: ", "))]
        + parts + notes.map { .note($0) } + signatures)
  }

  private static func cell(_ figure: ScoredFigure?, isPrimary: Bool) -> ResultTable.Cell {
    guard let figure else { return .empty }
    let remark = figure.value == nil ? "undefined: \(figure.undefined ?? "")" : nil
    return isPrimary
      ? .bounded(figure.value, figure.low, figure.high, remark: remark)
      : .figure(figure.value, figure.low, figure.high, remark: remark)
  }

  /// A note of all systems once, one of some with their names.
  private var notes: [String] {
    systems.flatMap { $0.report.notes ?? [] }.unique().map { note in
      let names = systems.filter { $0.report.notes?.contains(note) == true }.map(\.name)
      return names.count == systems.count ? note : "\(names.joined(separator: ", ")): \(note)"
    }
  }

  private var signatures: [ResultDocument.Part] {
    systems.map(\.report.signature).unique().map { .signature($0) }
  }
}
