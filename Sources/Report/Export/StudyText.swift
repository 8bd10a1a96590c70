import Basics
public import Foundation
import Harness
public import Reference
public import Study

/// The agreement of raters as text and as a picture.
extension AgreementReport {
  private static let figures = [">n", ">alpha", ">MAE", ">SD", ">PCC", ">bias"]

  public var text: String {
    var parts = ["\(benchmark)/\(split): \(rows) rows"]
    let rows = pairs.map { ["\($0.first), \($0.second)"] + Self.cells($0) }
    parts.append(TextTable.text(["raters"] + Self.figures, rows))
    if !groups.isEmpty { parts.append(groupText) }
    if let structure { parts += structure.tables }
    parts += largest.filter { !$0.rows.isEmpty }.map(Self.listing)
    return parts.joined(separator: "\n\n")
  }

  private static func cells(_ pair: Pair) -> [String] {
    ["\(pair.n)"]
      + [pair.alpha, pair.mae, pair.sd, pair.pcc, pair.bias].map {
        TextTable.cell($0, missing: "undefined")
      }
  }

  private var groupText: String {
    let rows = groups.map { group in
      let raters = "\(group.first), \(group.second)"
      // In the wide column, so that the columns of figures stay narrow.
      let who = group.suppressed.map { "\(raters): \($0)" } ?? raters
      let empty = Array(repeating: "", count: Self.figures.count)
      return [group.attribute, group.group, who] + (group.agreement.map(Self.cells) ?? empty)
    }
    return TextTable.text(["attribute", "group", "raters"] + Self.figures, rows)
  }

  private static func listing(_ list: Largest) -> String {
    let rows = list.rows.map { row in
      [row.id] + (row.labels + [row.difference]).map { Rounding.text($0, decimals: 2) }
    }
    let table = TextTable.text(["id", ">\(list.first)", ">\(list.second)", ">difference"], rows)
    let essays = list.rows.compactMap { row in row.essay.map { "\(row.id): \($0)" } }
    return (["largest differences of \(list.first) and \(list.second)", table] + essays)
      .joined(separator: "\n")
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
  public var text: String {
    let new = heldOut == .persons ? "new persons" : "new persons on new articles"
    let training = trainingRows.map { Rounding.text($0, decimals: 0) } ?? ""
    var parts = [
      "\(set): \(rows) rows by \(persons) persons; predicted for \(new) after training on "
        + "\(training) rows\n\(folds) folds, seed \(seed), ridge regression on \(features), scored "
        + "against the crowd's labels; intervals and swap tests (p, unadjusted) are over persons",
      "B, ranking a person's own essays (primary for the correction of labels)\n"
        + TextTable.text(
          ["labels", ">replaced", "PCC within persons", "less crowd", ">p"],
          ways.map { way in
            [Self.name(way), Rounding.text(way.changed, decimals: 1), Self.text(way.pccWithin)]
              + Self.cells(way.lessCrowd?.pccWithin)
          }),
      "A, the report of a new person\n"
        + TextTable.text(
          [
            "labels", "PCC", "less crowd", ">p", "CCC", "CCC calibrated", ">C_b", "RMSE",
          ],
          ways.map { way in
            [Self.name(way), Self.text(way.pcc)] + Self.cells(way.lessCrowd?.pcc) + [
              Self.text(way.ccc), Self.text(way.cccCalibrated),
              TextTable.cell(way.biasFactor, decimals: 2, missing: "undefined"),
              Self.text(way.rmse),
            ]
          }),
      "C, how others read the essay: cannot be measured here. It takes an independent human rater; "
        + "scored against a\nmodel's labels, labels replaced by that model gain whatever they are "
        + "worth.",
    ]
    if !contrasts.isEmpty {
      parts.append(
        "Declared contrasts\n"
          + TextTable.text(
            ["first less second", "PCC within persons", ">p", "PCC", ">p"],
            contrasts.map { one in
              ["\(one.first) less \(one.second)"] + Self.cells(one.gaps.pccWithin)
                + Self.cells(one.gaps.pcc)
            }))
    }
    parts += ways.compactMap { way in
      way.used.map { used in
        let refused = used[CorrectionTrial.refused] ?? 0
        return "\(way.labels) refused \(refused) of \(used.values.reduce(0, +)) training sets; the "
          + "crowd's labels stand there."
      }
    }
    if ways.contains(where: \.isControl) { parts.append("* a control, not a way to correct") }
    return parts.joined(separator: "\n\n")
  }

  private static func name(_ way: Way) -> String { way.labels + (way.isControl ? " *" : "") }

  private static func text(_ value: Value) -> String {
    bounded(value.value, value.low, value.high)
  }

  private static func bounded(_ value: Double?, _ low: Double?, _ high: Double?) -> String {
    guard let value else { return "undefined" }
    let interval = TextTable.interval(low, high, decimals: 3)
    return Rounding.text(value, decimals: 3) + (interval.map { " \($0)" } ?? "")
  }

  private static func cells(_ gap: Gap?) -> [String] {
    guard let gap else { return ["", ""] }
    return [bounded(gap.value, gap.low, gap.high), gap.p.map(FigureText.probability) ?? ""]
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
