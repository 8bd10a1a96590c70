import Metrics

/// Claims that need training, and those about files that are no table of the paper.
extension Published {
  var trainingClaims: [ClaimDefinition] {
    training.flatMap { row in
      Self.metrics.flatMap { metric in
        Statistic.allCases.map { statistic in
          let isPeakError = metric == .rmse && statistic == .peak
          let value = row.value(metric, statistic)
          return ClaimDefinition(
            .init(
              id: "\(row.id)/\(metric.id)/\(statistic.rawValue)", table: row.title,
              what: row.settings, metric: "\(metric.title), \(statistic.rawValue)",
              published: value, printed: isPeakError ? row.printed : nil,
              expectation: .within(Tolerance.trained(metric)),
              note: isPeakError && value == nil ? "the true peak was never published" : nil),
            .training(row: row.id, metric: metric, statistic: statistic))
        }
      }
    }
  }

  var significanceClaims: [ClaimDefinition] {
    let baseline = "V/newsemp24/roberta-base/crowd"
    let rows = [
      "mixed": ("V/newsemp24/roberta-base/gpt:3.5", "GPT-4o's corrections at 3.5"),
      "extra": (
        "VI/newsemp24/roberta-base/crowd/newsemp22:llama", "NewsEmp22 added, labels by Llama"
      ),
    ]
    return significance.flatMap { row in
      let (id, words) = rows[row.row] ?? (row.row, row.row)
      let values: [(Metric, Double)] = [(.pcc, row.pcc), (.ccc, row.ccc), (.rmse, row.rmse)]
      return values.map { metric, p in
        ClaimDefinition(
          .init(
            id: "figure-1/\(row.row)/\(metric.id)",
            table: "Figure 1: against crowd labels alone, RoBERTa on NewsEmp24, t-test over seeds",
            what: words, metric: "p of \(metric.title)", published: p,
            expectation: .below(0.05), decimals: 4),
          .significance(row: id, baseline: baseline, metric: metric))
      }
    }
  }

  var factClaims: [ClaimDefinition] {
    let facts: [(ClaimDefinition.Fact, String, String, Double)] = [
      (.devRows, "NewsEmp24 dev", "rows", 63),
      (.devEssays, "NewsEmp24 dev", "different essays", 46),
      (
        .inconsistentItems,
        "NewsEmp24 train against NewsEmp23: rows that break 7·e24 + 7·d24 = 6·e23 + 8·d23",
        "rows", 0
      ),
    ]
    return facts.map { fact, what, metric, value in
      ClaimDefinition(
        .init(
          id: "facts/\(fact.rawValue)", table: "Behind the errata (known from the files)",
          what: what,
          metric: metric, published: value, expectation: .within(0), origin: .files, decimals: 0),
        .fact(fact))
    }
  }

  var openSetClaims: [ClaimDefinition] {
    let figures: [(ClaimDefinition.Agreed, String, Double)] = [
      (.alpha, "alpha", 0.4014), (.pcc, "PCC", 0.4369),
    ]
    return figures.map { figure, metric, value in
      ClaimDefinition(
        .init(
          id: "newsemp18/llama-crowd/\(figure.rawValue)",
          table: "The open set (known from the files)", what: "Llama and crowd on NewsEmp18",
          metric: metric, published: value, expectation: .within(Tolerance.fourthDecimal),
          origin: .files, decimals: 4),
        .agreement(
          set: "newsemp18", split: "all", first: "llama", second: "crowd", figure: figure))
    }
  }
}

extension Published.TrainingRow {
  /// The part of the report that the row stands in.
  var title: String {
    let sets = train.map(Self.setTitle).joined(separator: ", ")
    let encoder = encoder == "roberta-base" ? "RoBERTa" : "DeBERTa-v3"
    return table == "V"
      ? "Table V: corrected labels, \(encoder) on \(sets)"
      : "Table VI: added data, \(encoder) on \(sets)"
  }

  /// What sets the row apart within its part.
  var settings: String {
    if let extra {
      return "with \(Self.setTitle(extra.data)), labels by \(Published.rater(extra.labels))"
    }
    guard let alpha else { return "crowd labels" }
    return "corrected by \(Published.rater(labels)), alpha \(alpha)"
  }

  private static func setTitle(_ id: String) -> String {
    id.hasPrefix("newsemp") ? "NewsEmp\(id.dropFirst(7))" : id
  }
}
