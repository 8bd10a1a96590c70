import Basics
public import Foundation
import Harness
public import Reference
public import Study

/// The agreement of raters as a document and as a picture.
extension AgreementReport {
  private static let figures: [ResultTable.Column] =
    [.number("n")] + ["alpha", "MAE", "SD", "PCC", "bias"].map { .number($0) }

  public var document: ResultDocument {
    var parts: [ResultDocument.Part] = [.lines("\(benchmark)/\(split): \(rows) rows")]
    parts.append(
      .table(
        ResultTable(
          "pairs", Self.raters + Self.figures,
          pairs.map { [.text($0.first), .text($0.second)] + Self.cells($0) })))
    if !groups.isEmpty { parts.append(.table(groupTable)) }
    if let structure { parts += structure.parts }
    return ResultDocument(parts + largest.filter { !$0.rows.isEmpty }.flatMap(Self.listing))
  }

  private static let raters: [ResultTable.Column] = [.text("rater"), .text("other")]

  private static func cells(_ pair: Pair) -> [ResultTable.Cell] {
    [.count(pair.n)]
      + [pair.alpha, pair.mae, pair.sd, pair.pcc, pair.bias].map {
        .number($0, remark: $0 == nil ? "undefined" : nil)
      }
  }

  private var groupTable: ResultTable {
    ResultTable(
      "groups", [.text("attribute"), .text("group")] + Self.raters + Self.figures,
      groups.map { group in
        let head: [ResultTable.Cell] = [
          .text(group.attribute), .text(group.group), .text(group.first),
          // In a wide column, so that the columns of figures stay narrow.
          .text(group.second, remark: group.suppressed),
        ]
        let empty = Array(repeating: ResultTable.Cell.empty, count: Self.figures.count)
        return head + (group.agreement.map(Self.cells) ?? empty)
      })
  }

  private static func listing(_ list: Largest) -> [ResultDocument.Part] {
    let table = ResultTable(
      "largest", caption: "largest differences of \(list.first) and \(list.second)",
      [
        .text("id"), .number(list.first, key: "rater_label"),
        .number(list.second, key: "other_label"), .number("difference"),
      ],
      list.rows.map { row in
        [.text(row.id)] + (row.labels + [row.difference]).map { .number($0, decimals: 2) }
      })
    let essays = list.rows.compactMap { row in row.essay.map { "\(row.id): \($0)" } }
    return [.table(table)] + essays.map { .prose($0) }
  }

  /// The distribution of differences, a panel for each pair.
  public var plot: PlotDocument {
    PlotDocument(
      title: "\(benchmark)/\(split): differences between labels",
      panels: distributions.map { distribution in
        let points = zip(distribution.edges, distribution.counts).flatMap { edge, count in
          [(x: edge, y: Double(count)), (x: edge + 0.5, y: Double(count))]
        }
        return PlotDocument.Panel(
          horizontal: "\(distribution.first) - \(distribution.second)", vertical: "essays",
          series: [.init(name: "\(distribution.counts.reduce(0, +)) essays", points: points)])
      })
  }
}

extension CorrectionReport {
  /// The comparison as tables, one an estimand, and what cannot be measured.
  public var document: ResultDocument {
    let new = heldOut == .persons ? "new persons" : "new persons on new articles"
    let training = trainingRows.map { Rounding.text($0, decimals: 0) } ?? ""
    var parts: [ResultDocument.Part] = [
      .lines(
        "\(set): \(rows) rows by \(persons) persons; predicted for \(new) after training on "
          + "\(training) rows\n\(folds) folds, seed \(seed), ridge regression on \(features), "
          + "scored against the crowd's labels; intervals and swap tests (p, unadjusted) are over "
          + "persons"),
      .table(
        ResultTable(
          "B",
          caption:
            "B, ranking a person's own essays (primary for the correction of labels)",
          [.text("labels"), .number("replaced"), .bounded("PCC within persons")] + Self.less(),
          ways.map { way in
            [Self.name(way), .number(way.changed, decimals: 1), Self.cell(way.pccWithin)]
              + Self.cells(way.lessCrowd?.pccWithin)
          })),
      .table(
        ResultTable(
          "A", caption: "A, the report of a new person",
          [.text("labels"), .bounded("PCC")] + Self.less() + [
            .bounded("CCC"), .bounded("CCC calibrated"), .number("C_b"), .bounded("RMSE"),
          ],
          ways.map { way in
            [Self.name(way), Self.cell(way.pcc)] + Self.cells(way.lessCrowd?.pcc) + [
              Self.cell(way.ccc), Self.cell(way.cccCalibrated),
              .number(
                way.biasFactor, decimals: 2, remark: way.biasFactor == nil ? "undefined" : nil),
              Self.cell(way.rmse),
            ]
          })),
      .prose(
        "C, how others read the essay: cannot be measured here. It takes an independent human "
          + "rater; scored against a model's labels, labels replaced by that model gain whatever "
          + "they are worth."),
    ]
    if !contrasts.isEmpty { parts.append(.table(contrastTable)) }
    parts += ways.compactMap { way in
      way.used.map { used in
        let refused = used[CorrectionTrial.refused] ?? 0
        return .prose(
          "\(way.labels) refused \(refused) of \(used.values.reduce(0, +)) training sets; the "
            + "crowd's labels stand there.")
      }
    }
    return ResultDocument(parts)
  }

  private var contrastTable: ResultTable {
    ResultTable(
      "contrasts", caption: "Declared contrasts",
      [
        .text("first less second"), .bounded("PCC within persons"),
        .number("p", key: "pcc_within_persons_p"), .bounded("PCC"), .number("p", key: "pcc_p"),
      ],
      contrasts.map { one in
        [.text("\(one.first) less \(one.second)")] + Self.cells(one.gaps.pccWithin)
          + Self.cells(one.gaps.pcc)
      })
  }

  private static func less() -> [ResultTable.Column] { [.bounded("less crowd"), .number("p")] }

  private static func name(_ way: Way) -> ResultTable.Cell {
    .text(way.labels, remark: way.isControl ? "control" : nil)
  }

  private static func cell(_ value: Value) -> ResultTable.Cell {
    .bounded(
      value.value, value.low, value.high, remark: value.value == nil ? "undefined" : nil)
  }

  private static func cells(_ gap: Gap?) -> [ResultTable.Cell] {
    guard let gap else { return [.empty, .empty] }
    return [
      .bounded(gap.value, gap.low, gap.high, remark: gap.value == nil ? "undefined" : nil),
      .probability(gap.p),
    ]
  }
}

extension CurationReport {
  /// What was put together, as tables.
  public var text: String {
    var parts: [String] = []
    if let reliability {
      func share(_ value: Double?) -> String {
        TextTable.cell(value, decimals: 2, missing: "undefined")
      }
      parts.append(
        "reliability: crowd \(share(reliability.crowd)), model \(share(reliability.model)); "
          + "weight of the model \(share(reliability.weight)), from \(reliability.rows) rows")
    }
    if let components { parts.append(Self.text(components)) }
    parts.append(
      TextTable.text(
        [
          "set", "labels", ">rows", ">drawn", ">replaced", ">no model label", ">no crowd label",
          ">in evaluation", ">in the table",
        ],
        manifest.steps.map { step in
          let counts = [
            step.given, step.chosen, step.changed, step.withoutModelLabel, step.withoutCrowdLabel,
            step.inEvaluation, step.added,
          ]
          return [step.set, step.labels] + counts.map { "\($0)" }
        }))
    let provenances = manifest.provenances.sorted { $0.key < $1.key }
    parts.append(
      TextTable.text(["provenance", ">rows"], provenances.map { [$0.key, "\($0.value)"] }))
    let leaking = manifest.steps.reduce(0) { $0 + $1.inEvaluation }
    let kept = manifest.overlap == .keep ? "kept" : "left out"
    let compared =
      evaluation.isEmpty
      ? "not compared with an evaluation split"
      : "\(leaking) rows also stand in \(evaluation.joined(separator: ", ")): \(kept)"
    parts.append("\(compared); \(manifest.nearDuplicates) pairs of near duplicates")
    return parts.joined(separator: "\n\n")
  }

  private static func text(_ components: Components) -> String {
    func row(_ name: String, _ part: Components.Part) -> [String] {
      [name] + [part.crowd, part.model, part.shared].map { TextTable.cell($0, missing: "") }
    }
    let table = TextTable.text(
      ["variance", ">crowd", ">model", ">shared"],
      [
        row("between persons", components.between), row("within persons", components.within),
      ])
    guard !components.sensitivity.isEmpty else { return table }
    let other = components.sensitivity.map { one in
      "\(Rounding.text(one.scale, decimals: 2)): "
        + TextTable.cell(one.pccWithin, decimals: 3, missing: "undefined")
    }.joined(separator: ", ")
    return
      table
      + "\nTwo raters do not tell the scale on which the model sees the true score; 1 is assumed.\n"
      + "Correlation within persons of these labels with those at another scale: \(other)."
  }
}

extension EmbeddingReport {
  public var text: String {
    let value = TextTable.cell(silhouette, missing: "undefined (\(undefined ?? ""))")
    let shares = components.map { Rounding.text($0, decimals: 3) }.joined(separator: ", ")
    return """
      \(source): \(rows) rows, \(channels) channels of \(model)
      silhouette over six bins, labels by \(labels): \(value)
      variance along the first principal components: \(shares)
      """
  }
}

extension EssayEmbedding {
  /// Writes states, rows, the report and the pictures of both projections, readable by their owner
  /// alone.
  /// - Parameter perplexity: of the t-SNE, for its picture's note.
  public func write(to folder: URL, perplexity: Double) throws {
    try AtomicFile.createFolder(folder, permissions: 0o700)
    func write(_ data: Data, _ name: String) throws {
      try AtomicFile.write(data, to: folder.appending(path: name), permissions: 0o600)
    }
    try write(NumPyArray.data(states), "states.npy")
    try write(Data(rows.listing.utf8), "rows.tsv")
    let percents = shares.map { "\(Rounding.text($0 * 100, decimals: 1))%" }
    let components = "principal components, \(percents.joined(separator: " and ")) of the variance"
    try write(Data(picture(projected, note: components).utf8), "pca.svg")
    if let neighbours {
      let note =
        "t-SNE, perplexity \(Rounding.text(perplexity, decimals: 0)), seed \(report.seed): only "
        + "nearness means anything"
      let inSpace = neighbours.first?.count == 3
      let seen = inSpace ? Self.seen(neighbours) : neighbours
      let view = inSpace ? ", three dimensions seen from above and the side" : ""
      try write(Data(picture(seen, note: note + view).utf8), "tsne.svg")
      if inSpace {
        var table = CSVWriter(["x", "y", "z"])
        for point in neighbours { table.add(CSVWriter.Cell.numbers(point)) }
        try write(Data(table.text.utf8), "tsne.csv")
      }
    }
    try write(try CanonicalJSON.document(report), EmbeddingReport.name)
  }

  /// Points of space as one sees them from an azimuth of 35 and a height of 25 degrees, without
  /// perspective.
  private static func seen(_ points: [[Double]]) -> [[Double]] {
    let (azimuth, height) = (35 * Double.pi / 180, 25 * Double.pi / 180)
    return points.map { point in
      let across = point[0] * cos(azimuth) - point[1] * sin(azimuth)
      let away = point[0] * sin(azimuth) + point[1] * cos(azimuth)
      return [across, point[2] * cos(height) + away * sin(height)]
    }
  }

  /// The rows as points of the plane, (n, 1 or 2), coloured by the bin of their label.
  private func picture(_ points: [[Double]], note: String) -> String {
    func place(_ point: [Double]) -> (Double, Double) { (point[0], point.count > 1 ? point[1] : 0) }
    var groups = LabelBins.names.map { ScatterDocument.Group(name: $0, points: []) }
    for (row, point) in zip(rows.rows, points) {
      guard let label = row.label else { continue }
      groups[LabelBins.bin(label)].points.append(place(point))
    }
    if rows.rows.allSatisfy({ $0.label == nil }) {
      groups = [.init(name: "no labels", points: points.map(place))]
    }
    return ScatterDocument(title: rows.title, note: note, groups: groups).svg
  }
}

extension TrainingCurve {
  /// The loss of every step and the validation figures of every epoch.
  public func plot(title: String) -> PlotDocument {
    func figures(_ part: (ValidationMetrics) -> Double?) -> [(x: Double, y: Double)] {
      epochs.compactMap { epoch in part(epoch.validation).map { (x: Double(epoch.epoch), y: $0) } }
    }
    return PlotDocument(
      title: title,
      panels: [
        PlotDocument.Panel(
          horizontal: "step", vertical: "training loss",
          series: [.init(name: "loss", points: steps.map { (x: Double($0.step), y: $0.loss) })]),
        PlotDocument.Panel(
          horizontal: "epoch", vertical: "validation",
          series: [
            .init(name: "CCC (n-1)", points: figures(\.ccc)),
            .init(name: "PCC", points: figures(\.pcc)),
          ]),
        PlotDocument.Panel(
          horizontal: "epoch", vertical: "validation RMSE",
          series: [.init(name: "RMSE", points: figures(\.rmse))]),
        PlotDocument.Panel(
          horizontal: "step", vertical: "learning rate, 1e-5",
          series: [
            .init(
              name: "learning rate",
              points: steps.map { (x: Double($0.step), y: $0.learningRate * 1e5) })
          ]),
      ])
  }

  /// Draws the run in `folder` as `curve.svg` there.
  public static func draw(_ folder: URL, title: String) throws {
    let plot = try TrainingCurve(folder: folder).plot(title: title)
    try AtomicFile.write(Data(plot.svg.utf8), to: folder.appending(path: "curve.svg"))
  }
}
