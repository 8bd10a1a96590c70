public import Metrics

/// A claim and what it takes to check it.
public struct ClaimDefinition: Sendable, Equatable {
  public var claim: Replication.Claim
  public var evidence: Evidence

  /// What a claim is measured from.
  public enum Evidence: Sendable, Equatable {
    /// The published tables themselves.
    case publishedTables
    /// Labels of two raters for one split, and which figure of their agreement.
    case agreement(set: String, split: String, first: String, second: String, figure: Agreed)
    /// A model's labels taken as predictions.
    case zeroShot(set: String, split: String, labels: String, metric: Metric)
    /// Labels that a threshold replaces.
    case replaced(set: String, split: String, llm: String, alpha: Double)
    /// CCC of Llama's and the crowd's labels in a group, over all splits of NewsEmp24.
    case group(attribute: String, name: String)
    /// A property of the files.
    case fact(Fact)
    /// Runs of a training row, by its id.
    case training(row: String, metric: Metric, statistic: Published.Statistic)
    /// A t-test over the seeds of two training rows, by their ids.
    case significance(row: String, baseline: String, metric: Metric)
    /// Silhouette of first-token states of NewsEmp24's training rows.
    case silhouette(labels: String)
  }

  public enum Agreed: String, Sendable, CaseIterable {
    case alpha, mae, sd, pcc
  }

  public enum Fact: String, Sendable, CaseIterable {
    /// Rows and different essays of NewsEmp24 dev.
    case devRows, devEssays
    /// Rows of NewsEmp24 train that stand in NewsEmp23 and break 7·e24 + 7·d24 = 6·e23 + 8·d23.
    case inconsistentItems
  }

  init(
    _ id: String, _ table: String, _ what: String, _ metric: String, _ published: Double?,
    _ expectation: Replication.Expectation, _ evidence: Evidence, printed: Double? = nil,
    origin: Replication.Origin = .paper, decimals: Int = 3, note: String? = nil
  ) {
    claim = Replication.Claim(
      id: id, table: table, what: what, metric: metric, published: published, printed: printed,
      expectation: expectation, origin: origin, decimals: decimals, note: note)
    self.evidence = evidence
  }
}

/// Tolerances, declared before anything is measured.
enum Tolerance {
  /// Half a unit of the third printed decimal.
  static let thirdDecimal = 0.0005
  /// Half a unit of the fourth.
  static let fourthDecimal = 0.00005
  /// What was read off a drawing, ± 0.003.
  static let drawing = 0.0035
  /// Training on other machines gives other bits; a correlation is the same within this.
  static let trainedCorrelation = 0.02
  /// In points of the scale. Where a peak RMSE was misprinted, the standard deviation over seeds
  /// stands in its place: 0.066 in the middle. The tolerance is less than one of those.
  static let trainedError = 0.05

  static func trained(_ metric: Metric) -> Double {
    metric.higherIsBetter ? trainedCorrelation : trainedError
  }
}

extension Published {
  /// Every claim, in the order of the report.
  public var claims: [ClaimDefinition] {
    headlineClaims + contestClaims + consistencyClaims + zeroShotClaims + replacedClaims
      + trainingClaims + significanceClaims + silhouetteClaims + groupClaims + factClaims
      + openSetClaims
  }

  /// The row of the paper's best result.
  public static let headlineRow = "V/newsemp24+newsemp23+newsemp22/roberta-base/llama:4.5"

  private var headlineClaims: [ClaimDefinition] {
    guard let row = trainingRow(id: Self.headlineRow) else { return [] }
    return Self.metrics.map { metric in
      ClaimDefinition(
        "headline/\(metric.id)", "Headline",
        "RoBERTa on NewsEmp24, 23 and 22, Llama's corrections at 4.5, best of five seeds",
        metric.title, row.value(metric, .peak), .within(Tolerance.trained(metric)),
        .training(row: row.id, metric: metric, statistic: .peak),
        printed: metric == .rmse ? row.printed : nil)
    }
  }

  private var contestClaims: [ClaimDefinition] {
    let table = "Table VI counted again"
    return [
      ClaimDefinition(
        "contest/wins", table,
        "comparisons that Llama's labels of the added set win against the crowd's", "wins", 10,
        .within(0), .publishedTables, printed: 12, decimals: 0,
        note: "two of the 12 compare standard deviations that stand in place of a peak RMSE"),
      ClaimDefinition(
        "contest/verifiable", table, "comparisons of two figures that are known", "comparisons", 16,
        .within(0), .publishedTables, printed: 18, decimals: 0),
    ]
  }

  private var consistencyClaims: [ClaimDefinition] {
    consistency.flatMap { row in
      let figures: [(Double, ClaimDefinition.Agreed, Int)] = [
        (row.alpha, .alpha, 4), (row.mae, .mae, 3), (row.sd, .sd, 3),
      ]
      return figures.map { value, figure, decimals in
        ClaimDefinition(
          "IX/\(row.first)-\(row.second)/\(figure.rawValue)",
          "Table IX: agreement of labels on NewsEmp24 train",
          "\(Self.rater(row.first)) and \(Self.rater(row.second))",
          figure == .alpha ? "alpha" : figure.rawValue.uppercased(), value,
          .within(decimals == 4 ? Tolerance.fourthDecimal : Tolerance.thirdDecimal),
          .agreement(
            set: "newsemp24", split: "train", first: row.first, second: row.second, figure: figure),
          decimals: decimals)
      }
    }
  }

  static func rater(_ name: String) -> String {
    switch name {
    case "llama": "Llama"
    case "llama-again": "Llama's labels of the same essays in NewsEmp23"
    case "llama-plain": "Llama, plain prompt"
    case "gpt": "GPT-4o"
    default: name
    }
  }

  private var zeroShotClaims: [ClaimDefinition] {
    zeroShot.flatMap { row in
      let values: [(Metric, Double?)] = [(.pcc, row.pcc), (.ccc, row.ccc), (.rmse, row.rmse)]
      return values.compactMap { metric, value in
        value.map {
          ClaimDefinition(
            "VII/\(row.set)-\(row.split)/\(row.labels)/\(metric.id)",
            "Table VII: models' labels as predictions",
            "\(Self.rater(row.labels)) on \(row.set)/\(row.split)", metric.title, $0,
            .within(Tolerance.thirdDecimal),
            .zeroShot(set: row.set, split: row.split, labels: row.labels, metric: metric))
        }
      }
    }
  }

  private var replacedClaims: [ClaimDefinition] {
    replaced.flatMap { row in
      let split = row.set == "newsemp18" ? "all" : "train"
      return row.counts.map { count in
        ClaimDefinition(
          "replaced/\(row.set)/\(row.llm)/\(count.alpha)",
          "Labels that the threshold replaces (known from the files)",
          "\(row.set)/\(split), \(Self.rater(row.llm)), alpha \(count.alpha)", "rows",
          Double(count.rows), .within(0),
          .replaced(set: row.set, split: split, llm: row.llm, alpha: count.alpha), origin: .files,
          decimals: 0)
      }
    }
  }

  private var silhouetteClaims: [ClaimDefinition] {
    silhouette.map { row in
      ClaimDefinition(
        "silhouette/\(row.labels)", "Silhouette of first-token states, six bins of labels",
        "NewsEmp24's training rows, trained with labels by \(row.labels)", "silhouette", row.value,
        .within(Tolerance.trainedCorrelation), .silhouette(labels: row.labels))
    }
  }

  private var groupClaims: [ClaimDefinition] {
    groups.map { row in
      ClaimDefinition(
        "figure-5/\(row.attribute)/\(row.group)",
        "Figure 5: Llama's labels against the crowd's by group, all of NewsEmp24",
        "\(row.attribute): \(row.group) (\(row.rows) rows)", "CCC", row.ccc,
        .within(Tolerance.drawing), .group(attribute: row.attribute, name: row.label))
    }
  }
}

/// Claims that need training, and those about files that are no table of the paper.
extension Published {
  var trainingClaims: [ClaimDefinition] {
    training.flatMap { row in
      Self.metrics.flatMap { metric in
        Statistic.allCases.map { statistic in
          let isPeakError = metric == .rmse && statistic == .peak
          let value = row.value(metric, statistic)
          return ClaimDefinition(
            "\(row.id)/\(metric.id)/\(statistic.rawValue)", row.title, row.settings,
            "\(metric.title), \(statistic.rawValue)", value, .within(Tolerance.trained(metric)),
            .training(row: row.id, metric: metric, statistic: statistic),
            printed: isPeakError ? row.printed : nil,
            note: isPeakError && value == nil ? "the true peak was never published" : nil)
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
          "figure-1/\(row.row)/\(metric.id)",
          "Figure 1: against crowd labels alone, RoBERTa on NewsEmp24, t-test over seeds", words,
          "p of \(metric.title)", p, .below(0.05),
          .significance(row: id, baseline: baseline, metric: metric), decimals: 4)
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
        "facts/\(fact.rawValue)", "Behind the errata (known from the files)", what, metric, value,
        .within(0), .fact(fact), origin: .files, decimals: 0)
    }
  }

  var openSetClaims: [ClaimDefinition] {
    let figures: [(ClaimDefinition.Agreed, String, Double)] = [
      (.alpha, "alpha", 0.4014), (.pcc, "PCC", 0.4369),
    ]
    return figures.map { figure, metric, value in
      ClaimDefinition(
        "newsemp18/llama-crowd/\(figure.rawValue)", "The open set (known from the files)",
        "Llama and crowd on NewsEmp18", metric, value, .within(Tolerance.fourthDecimal),
        .agreement(set: "newsemp18", split: "all", first: "llama", second: "crowd", figure: figure),
        origin: .files, decimals: 4)
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
