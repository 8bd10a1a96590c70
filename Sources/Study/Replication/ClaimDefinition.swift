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

  init(_ claim: Replication.Claim, _ evidence: Evidence) {
    self.claim = claim
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
        .init(
          id: "headline/\(metric.id)", table: "Headline",
          what: "RoBERTa on NewsEmp24, 23 and 22, Llama's corrections at 4.5, best of five seeds",
          metric: metric.title, published: row.value(metric, .peak),
          printed: metric == .rmse ? row.printed : nil,
          expectation: .within(Tolerance.trained(metric))),
        .training(row: row.id, metric: metric, statistic: .peak))
    }
  }

  private var contestClaims: [ClaimDefinition] {
    let table = "Table VI counted again"
    return [
      ClaimDefinition(
        .init(
          id: "contest/wins", table: table,
          what: "comparisons that Llama's labels of the added set win against the crowd's",
          metric: "wins", published: 10, printed: 12, expectation: .within(0), decimals: 0,
          note: "two of the 12 compare standard deviations that stand in place of a peak RMSE"),
        .publishedTables),
      ClaimDefinition(
        .init(
          id: "contest/verifiable", table: table, what: "comparisons of two figures that are known",
          metric: "comparisons", published: 16, printed: 18, expectation: .within(0), decimals: 0),
        .publishedTables),
    ]
  }

  private var consistencyClaims: [ClaimDefinition] {
    consistency.flatMap { row in
      let figures: [(Double, ClaimDefinition.Agreed, Int)] = [
        (row.alpha, .alpha, 4), (row.mae, .mae, 3), (row.sd, .sd, 3),
      ]
      return figures.map { value, figure, decimals in
        ClaimDefinition(
          .init(
            id: "IX/\(row.first)-\(row.second)/\(figure.rawValue)",
            table: "Table IX: agreement of labels on NewsEmp24 train",
            what: "\(Self.rater(row.first)) and \(Self.rater(row.second))",
            metric: figure == .alpha ? "alpha" : figure.rawValue.uppercased(), published: value,
            expectation: .within(
              decimals == 4 ? Tolerance.fourthDecimal : Tolerance.thirdDecimal),
            decimals: decimals),
          .agreement(
            set: "newsemp24", split: "train", first: row.first, second: row.second,
            figure: figure))
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
            .init(
              id: "VII/\(row.set)-\(row.split)/\(row.labels)/\(metric.id)",
              table: "Table VII: models' labels as predictions",
              what: "\(Self.rater(row.labels)) on \(row.set)/\(row.split)", metric: metric.title,
              published: $0, expectation: .within(Tolerance.thirdDecimal)),
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
          .init(
            id: "replaced/\(row.set)/\(row.llm)/\(count.alpha)",
            table: "Labels that the threshold replaces (known from the files)",
            what: "\(row.set)/\(split), \(Self.rater(row.llm)), alpha \(count.alpha)",
            metric: "rows", published: Double(count.rows), expectation: .within(0),
            origin: .files, decimals: 0),
          .replaced(set: row.set, split: split, llm: row.llm, alpha: count.alpha))
      }
    }
  }

  private var silhouetteClaims: [ClaimDefinition] {
    silhouette.map { row in
      ClaimDefinition(
        .init(
          id: "silhouette/\(row.labels)",
          table: "Silhouette of first-token states, six bins of labels",
          what: "NewsEmp24's training rows, trained with labels by \(row.labels)",
          metric: "silhouette", published: row.value,
          expectation: .within(Tolerance.trainedCorrelation)),
        .silhouette(labels: row.labels))
    }
  }

  private var groupClaims: [ClaimDefinition] {
    groups.map { row in
      ClaimDefinition(
        .init(
          id: "figure-5/\(row.attribute)/\(row.group)",
          table: "Figure 5: Llama's labels against the crowd's by group, all of NewsEmp24",
          what: "\(row.attribute): \(row.group) (\(row.rows) rows)", metric: "CCC",
          published: row.ccc, expectation: .within(Tolerance.drawing)),
        .group(attribute: row.attribute, name: row.label))
    }
  }
}
