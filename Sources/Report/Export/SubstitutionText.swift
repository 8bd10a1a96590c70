import Basics
import Harness
public import Study

/// What a model's labels may replace, as documents and as a picture.
private enum SubstitutionText {
  static func bounded(
    _ figure: BoundedFigure?, decimals: Int = 3, missing: String? = nil
  ) -> ResultTable.Cell {
    guard let figure, let value = figure.value else { return .none(missing) }
    return .bounded(value, figure.low, figure.high, decimals: decimals)
  }

  static func number(_ value: Double?, decimals: Int = 3) -> String {
    TextTable.cell(value, decimals: decimals)
  }

  /// `Answer: no. …`
  static func answer(
    _ answer: SubstitutionAnswer, about: String? = nil
  ) -> ResultDocument.Part {
    let subject = about.map { " for \($0)" } ?? ""
    return .prose("Answer\(subject): \(answer.verdict.rawValue). \(answer.sentence)")
  }
}

extension MeanSubstitution {
  public var document: ResultDocument {
    var head = "\(set), labels by \(model), intervals over \(unit.plural)"
    if let rehearsal {
      head +=
        "\nrehearsal: labels of \(unit.counted(rehearsal.labelled)), drawn \(rehearsal.draws) times, "
        + "seed \(rehearsal.seed)"
    }
    var parts: [ResultDocument.Part] = [.lines(head)]
    if ignoresPersons {
      parts.append(
        .prose(
          "Rows are taken as independent, as asked. Persons wrote several of them, so that the "
            + "intervals are too narrow and the multipliers wrong: do not publish them."))
    }
    let means: [ResultTable.Column] =
      rehearsal == nil ? [.bounded("people's labels"), .bounded("with the model's")] : []
    parts.append(
      .table(
        ResultTable(
          "means",
          [.text("group"), .number("labelled"), .number("others")] + means + [
            .number("± people", key: "half_people"), .number("± both", key: "half_both"),
            .number("multiplier"), .number("limit"), .bounded("model less people"),
          ],
          estimates.map { estimate in
            let figures = [estimate.classical, estimate.powered].map {
              SubstitutionText.bounded($0)
            }
            let numbers: [ResultTable.Cell] = [
              estimate.classicalHalf, estimate.poweredHalf, estimate.multiplier, estimate.limit,
            ].map { .number($0, decimals: 2) }
            return [
              .text(Self.name(estimate)), .count(estimate.labelled), .count(estimate.unlabelled),
            ] + (means.isEmpty ? [] : figures) + numbers
              + [
                estimate.suppressed.map { .none($0) } ?? SubstitutionText.bounded(estimate.bias)
              ]
          })))
    parts += estimates.compactMap { estimate in
      estimate.answer.map {
        SubstitutionText.answer($0, about: estimate.group == nil ? nil : Self.name(estimate))
      }
    }
    return ResultDocument(parts)
  }

  private static func name(_ estimate: Estimate) -> String {
    guard let attribute = estimate.attribute, let group = estimate.group else { return "all" }
    return "\(attribute) \(group)"
  }
}

extension ScoreSubstitution {
  public var document: ResultDocument {
    let drawn = draws > 1 ? "; widths are means of \(draws) draws, PCC is that of the first" : ""
    func row(_ name: String, _ pcc: BoundedFigure?, _ width: Double?) -> [ResultTable.Cell] {
      [
        .text(name), SubstitutionText.bounded(pcc, missing: "undefined"),
        .number(width, decimals: 3),
      ]
    }
    return ResultDocument([
      .lines(
        "\(set), labels by \(model), \(labelled) labelled and \(unlabelled) other "
          + "\(unit.plural), \(replicates) replicates, seed \(seed)\(drawn)"),
      .table(
        ResultTable(
          "scores", [.text("score on"), .bounded("PCC"), .number("width")],
          [
            row("people's labels", classical, classicalWidth),
            row("with the model's", powered, poweredWidth),
          ])), SubstitutionText.answer(answer),
    ])
  }
}

extension TrainingSubstitution {
  public var document: ResultDocument {
    ResultDocument([
      .lines(
        "\(set), labels by \(model), \(rows) rows: PCC on \(held) new \(unit.plural), mean and "
          + "standard deviation of \(draws) draws, seed \(seed), ridge regression on \(features)"),
      .table(
        ResultTable(
          "sizes",
          [
            .number("labelled"), .pair("people's labels alone", "alone", "alone_sd"),
            .pair("with the model's", "together", "together_sd"), .bounded("gain"),
            .number("worth"),
          ],
          points.map { point in
            [
              .count(point.persons), .spread(point.alone, point.aloneSpread),
              .spread(point.together, point.togetherSpread), SubstitutionText.bounded(point.gain),
              .number(point.worth, decimals: 0),
            ]
          })), SubstitutionText.answer(answer),
    ])
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
  public var document: ResultDocument {
    var parts: [ResultDocument.Part] = [
      .lines(
        "\(source): \(items) items, \(compared) with ratings by \(model) and by two or more people; "
          + "epsilon \(SubstitutionText.number(epsilon, decimals: 2)), false discovery rate "
          + SubstitutionText.number(rate, decimals: 2)
          + (isClustered ? ", errors clustered by person" : ""))
    ]
    if !annotators.isEmpty {
      parts.append(
        .table(
          ResultTable(
            "raters",
            [
              .text("rater"), .number("items"), .number("model"), .number("rater agrees"),
              .number("p"), .number("adjusted"), .text("", key: "winner"),
            ],
            annotators.map { one in
              [
                .text(one.name), .count(one.items), .number(one.model, decimals: 3),
                .number(one.human, decimals: 3),
                .probability(one.p, remark: one.undefined), .probability(one.adjusted),
                .text(one.isWon ? "model wins" : nil),
              ]
            })))
    }
    if skipped > 0 { parts.append(.lines("raters with too few items: \(skipped)")) }
    return ResultDocument(parts + [SubstitutionText.answer(answer)])
  }
}

extension CeilingReport {
  public var document: ResultDocument {
    var parts: [ResultDocument.Part] = [
      .lines(
        "\(set): \(rows) rows, \(persons) \(unit.plural)"
          + (personShare.map {
            ", share of variance between \(unit.plural) \(Rounding.text($0, decimals: 2))"
          } ?? "")),
      .table(
        ResultTable(
          "ceilings", [.text("differences"), .text("if"), .bounded("highest PCC")],
          estimates.map { estimate in
            [
              .text(name(estimate.scope)), .text(estimate.assumption),
              SubstitutionText.bounded(
                estimate.ceiling, missing: "not estimable: \(estimate.reason ?? "")"),
            ]
          })),
    ]
    if !correlations.isEmpty {
      parts.append(
        .table(
          ResultTable(
            "correlations",
            [
              .text("differences"), .text("labels"), .text("third rater"),
              .bounded("PCC with people's"), .bounded("without their noise"),
            ],
            correlations.map { one in
              [
                .text(name(one.scope)), .text(one.model), .text(one.third),
                SubstitutionText.bounded(one.raw),
                SubstitutionText.bounded(one.disattenuated, missing: "undefined"),
              ]
            })))
    }
    let heldOut = Scope.allCases.compactMap { scope in
      textPrediction[scope].map { "\(name(scope)) \(SubstitutionText.bounded($0).text)" }
    }
    parts.append(
      .prose(
        "The text's own prediction (ridge regression on \(features), seed \(seed)) on held-out "
          + "\(unit.plural): PCC \(heldOut.joined(separator: ", "))."))
    return ResultDocument(parts + [SubstitutionText.answer(answer)])
  }

  private func name(_ scope: Scope) -> String { scope == .all ? "all" : "within a \(unit)" }
}
