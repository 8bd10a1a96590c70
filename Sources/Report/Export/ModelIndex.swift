import Basics
public import Harness
import Metrics

/// The figures of a report as the `model-index` of a model card on the Hugging Face Hub. The form:
/// https://github.com/huggingface/hub-docs/blob/main/modelcard.md
public struct ModelIndex: Sendable {
  private let name: String
  private let report: ScoreReport
  private let definition: BenchmarkDefinition

  /// - Parameter name: of the model.
  public init(_ report: ScoreReport, of definition: BenchmarkDefinition, named name: String) {
    (self.name, self.report, self.definition) = (name, report, definition)
  }

  /// What the Hub calls the metrics that it knows.
  private static let hubNames: [Metric: String] = [
    .pcc: "pearsonr", .spearman: "spearmanr", .rmse: "rmse", .mae: "mae",
  ]

  /// A result for each target, its metrics those that the Hub knows and the primary one.
  public var yaml: String {
    let results = definition.shownTargets.compactMap { target in
      report.targets[target.name].flatMap { result(target.name, $0) }
    }
    return """
      model-index:
      - name: \(Self.quoted(name))
        results:\(results.isEmpty ? " []" : "")

      """ + results.joined()
  }

  /// Nil where no figure is defined.
  private func result(_ target: String, _ scores: TargetScores) -> String? {
    let known = scores.metrics.filter {
      Self.hubNames[$0] != nil || $0 == definition.primary.metric
    }
    let metrics = known.compactMap { metric -> String? in
      guard let figure = scores[metric], let value = figure.value else { return nil }
      let interval = TextTable.interval(figure.low, figure.high).map {
        ", \(FigureText.percent(report.level)) interval \($0)"
      }
      return """
            - type: \(Self.hubNames[metric] ?? metric.id)
              value: \(Rounding.text(value))
              name: \(Self.quoted(metric.longTitle + (interval ?? "")))

        """
    }
    guard !metrics.isEmpty else { return nil }
    return """
        - task:
            type: text-classification
            name: \(Self.quoted("Regression of \(target) on text"))
          dataset:
            type: \(Self.quoted(report.benchmark))
            name: \(Self.quoted(definition.title))
            config: \(Self.quoted(target))
            split: \(Self.quoted(report.split))
          metrics:

      """ + metrics.joined()
  }

  /// `text` in double quotes, which mean the same in YAML and in JSON.
  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in SafeText.cleaned(text).unicodeScalars {
      switch scalar {
      case "\"", "\\": out += "\\\(scalar)"
      case "\n", "\r", "\t": out += " "
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }

  /// The model card `card` with the block in its front matter, or a card that has nothing else.
  /// - Throws: ``HarnessError/invalid(_:)`` where the card has such a block, or an unfinished front
  ///   matter.
  public func added(to card: String?, file: String) throws(HarnessError) -> String {
    let card = card?.replacing("\r\n", with: "\n")
    guard let card, card.hasPrefix("---\n") else {
      return "---\n\(yaml)---\n" + (card.map { "\n\($0)" } ?? "")
    }
    var lines = card.split(separator: "\n", omittingEmptySubsequences: false)
    guard let end = lines.dropFirst().firstIndex(of: "---") else {
      throw .invalid([
        Diagnostic(.metadata, file: file, line: 1, expected: "a second --- after the front matter")
      ])
    }
    if let line = lines[..<end].firstIndex(where: { $0.hasPrefix("model-index:") }) {
      throw .invalid([
        Diagnostic(
          .metadata, file: file, line: line + 1, found: "model-index",
          expected: "a card without results; print the block with --model-index - and merge the two"
        )
      ])
    }
    lines.insert(contentsOf: yaml.dropLast().split(separator: "\n"), at: end)
    return lines.joined(separator: "\n")
  }
}
