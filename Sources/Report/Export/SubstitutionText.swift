import Basics
import Harness
public import Study

/// What a model's labels may replace, as text and as a picture.
private enum SubstitutionText {
  static func bounded(_ figure: BoundedFigure?, decimals: Int = 3, missing: String = "") -> String {
    guard let figure, let value = figure.value else { return missing }
    let interval = TextTable.interval(figure.low, figure.high, decimals: decimals)
    return Rounding.text(value, decimals: decimals) + (interval.map { " \($0)" } ?? "")
  }

  static func number(_ value: Double?, decimals: Int = 3) -> String {
    TextTable.cell(value, decimals: decimals)
  }

  /// `Answer: no. …`, within the width of a terminal.
  static func answer(_ answer: SubstitutionAnswer, about: String? = nil) -> String {
    let subject = about.map { " for \($0)" } ?? ""
    return wrapped("Answer\(subject): \(answer.verdict.rawValue). \(answer.sentence)")
  }

  static func wrapped(_ text: String, width: Int = 90) -> String {
    var (lines, line) = ([String](), "")
    for word in text.split(separator: " ") {
      if !line.isEmpty, line.count + word.count + 1 > width {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return (lines + [line]).joined(separator: "\n")
  }
}

extension MeanSubstitution {
  public var text: String {
    var head = "\(set), labels by \(model), intervals over \(unit.plural)"
    if let rehearsal {
      head +=
        "\nrehearsal: labels of \(unit.counted(rehearsal.labelled)), drawn \(rehearsal.draws) times, "
        + "seed \(rehearsal.seed)"
    }
    var parts = [head]
    if ignoresPersons {
      parts.append(
        SubstitutionText.wrapped(
          "Rows are taken as independent, as asked. Persons wrote several of them, so that the "
            + "intervals are too narrow and the multipliers wrong: do not publish them."))
    }
    let means = rehearsal == nil ? ["people's labels", "with the model's"] : []
    parts.append(
      TextTable.text(
        ["group", ">labelled", ">others"] + means
          + [">± people", ">± both", ">multiplier", ">limit", "model less people"],
        estimates.map { estimate in
          let figures = [estimate.classical, estimate.powered].map { SubstitutionText.bounded($0) }
          let numbers = [
            estimate.classicalHalf, estimate.poweredHalf, estimate.multiplier, estimate.limit,
          ].map { SubstitutionText.number($0, decimals: 2) }
          return [Self.name(estimate), "\(estimate.labelled)", "\(estimate.unlabelled)"]
            + (means.isEmpty ? [] : figures) + numbers
            + [estimate.suppressed ?? SubstitutionText.bounded(estimate.bias)]
        }))
    parts += estimates.compactMap { estimate in
      estimate.answer.map {
        SubstitutionText.answer($0, about: estimate.group == nil ? nil : Self.name(estimate))
      }
    }
    return parts.joined(separator: "\n\n")
  }

  private static func name(_ estimate: Estimate) -> String {
    guard let attribute = estimate.attribute, let group = estimate.group else { return "all" }
    return "\(attribute) \(group)"
  }
}

extension ScoreSubstitution {
  public var text: String {
    let table = TextTable.text(
      ["score on", "PCC", ">width"],
      [
        [
          "people's labels", SubstitutionText.bounded(classical, missing: "undefined"),
          SubstitutionText.number(classicalWidth),
        ],
        [
          "with the model's", SubstitutionText.bounded(powered, missing: "undefined"),
          SubstitutionText.number(poweredWidth),
        ],
      ])
    let drawn = draws > 1 ? "; widths are means of \(draws) draws, PCC is that of the first" : ""
    return [
      "\(set), labels by \(model), \(labelled) labelled and \(unlabelled) other \(unit.plural), "
        + "\(replicates) replicates, seed \(seed)\(drawn)", table, SubstitutionText.answer(answer),
    ].joined(separator: "\n\n")
  }
}

extension TrainingSubstitution {
  public var text: String {
    let table = TextTable.text(
      [">labelled", "people's labels alone", "with the model's", "gain", ">worth"],
      points.map { point in
        [
          "\(point.persons)", Self.spread(point.alone, point.aloneSpread),
          Self.spread(point.together, point.togetherSpread), SubstitutionText.bounded(point.gain),
          SubstitutionText.number(point.worth, decimals: 0),
        ]
      })
    return [
      "\(set), labels by \(model), \(rows) rows: PCC on \(held) new \(unit.plural), mean and standard "
        + "deviation of \(draws) draws, seed \(seed), ridge regression on \(features)", table,
      SubstitutionText.answer(answer),
    ].joined(separator: "\n\n")
  }

  private static func spread(_ value: Double?, _ spread: Double?) -> String {
    SubstitutionText.number(value) + (spread.map { " ± \(SubstitutionText.number($0))" } ?? "")
  }

  /// Both curves with the spread of draws, and the gain with its interval.
  public var plot: PlotDocument {
    func line(
      _ name: String, _ value: (Point) -> Double?, _ spread: (Point) -> Double?
    ) -> PlotDocument.Series {
      let shown = points.compactMap { point in
        value(point).map { (x: Double(point.persons), y: $0, spread: spread(point) ?? 0) }
      }
      return PlotDocument.Series(
        name: name, points: shown.map { (x: $0.x, y: $0.y) },
        bars: shown.map { (x: $0.x, low: $0.y - $0.spread, high: $0.y + $0.spread) })
    }
    let axis = "\(unit.plural) labelled by people"
    let gains = points.compactMap { point in point.gain.map { (Double(point.persons), $0) } }
    var gain = PlotDocument.Panel(
      horizontal: axis, vertical: "gain in PCC",
      series: [
        PlotDocument.Series(
          name: "gain", points: gains.map { (x: $0.0, y: $0.1.value ?? .nan) },
          bars: gains.map { (x: $0.0, low: $0.1.low ?? .nan, high: $0.1.high ?? .nan) }),
        PlotDocument.Series(
          name: "no gain", points: points.map { (x: Double($0.persons), y: 0) }),
      ])
    if let breakEven {
      let ends = gains.flatMap { gain -> [Double] in [gain.1.low ?? 0, gain.1.high ?? 0] } + [0]
      gain.series.append(
        PlotDocument.Series(
          name: "break-even: \(breakEven)",
          points: [ends.min() ?? 0, ends.max() ?? 0].map { (x: Double(breakEven), y: $0) }))
    }
    return PlotDocument(
      title: "\(set): what labels by \(model) add to training",
      panels: [
        PlotDocument.Panel(
          horizontal: axis, vertical: "PCC on new \(unit.plural)",
          series: [
            line("people alone", \.alone, \.aloneSpread),
            line("and \(model)", \.together, \.togetherSpread),
          ]), gain,
      ])
  }
}

extension RaterSubstitution {
  public var text: String {
    var parts = [
      "\(source): \(items) items, \(compared) with ratings by \(model) and by two or more people; "
        + "epsilon \(SubstitutionText.number(epsilon, decimals: 2)), false discovery rate "
        + SubstitutionText.number(rate, decimals: 2)
        + (isClustered ? ", errors clustered by person" : "")
    ]
    if !annotators.isEmpty {
      parts.append(
        TextTable.text(
          ["rater", ">items", ">model", ">rater agrees", ">p", ">adjusted", ""],
          annotators.map { one in
            [
              one.name, "\(one.items)", SubstitutionText.number(one.model),
              SubstitutionText.number(one.human), one.undefined ?? TextTable.probability(one.p),
              TextTable.probability(one.adjusted), one.isWon ? "model wins" : "",
            ]
          }))
    }
    if skipped > 0 { parts.append("raters with too few items: \(skipped)") }
    return (parts + [SubstitutionText.answer(answer)]).joined(separator: "\n\n")
  }
}

extension CeilingReport {
  public var text: String {
    var parts = [
      "\(set): \(rows) rows, \(persons) \(unit.plural)"
        + (personShare.map {
          ", share of variance between \(unit.plural) \(Rounding.text($0, decimals: 2))"
        } ?? "")
    ]
    parts.append(
      TextTable.text(
        ["differences", "if", "highest PCC"],
        estimates.map { estimate in
          [
            name(estimate.scope), estimate.assumption,
            estimate.ceiling.map { SubstitutionText.bounded($0) }
              ?? "not estimable: \(estimate.reason ?? "")",
          ]
        }))
    if !correlations.isEmpty {
      parts.append(
        TextTable.text(
          ["differences", "labels", "third rater", "PCC with people's", "without their noise"],
          correlations.map { one in
            [
              name(one.scope), one.model, one.third, SubstitutionText.bounded(one.raw),
              SubstitutionText.bounded(one.disattenuated, missing: "undefined"),
            ]
          }))
    }
    let heldOut = Scope.allCases.compactMap { scope in
      textPrediction[scope].map { "\(name(scope)) \(SubstitutionText.bounded($0))" }
    }
    parts.append(
      "the text's own prediction (ridge regression on \(features), seed \(seed)) on held-out "
        + "\(unit.plural): PCC \(heldOut.joined(separator: ", "))")
    return (parts + [SubstitutionText.answer(answer)]).joined(separator: "\n\n")
  }

  private func name(_ scope: Scope) -> String { scope == .all ? "all" : "within a \(unit)" }
}
