import Harness
import Metrics
import Reference

/// A claim and how ours is measured.
public struct ClaimDefinition: Sendable {
  public var claim: Replication.Claim
  /// What the published tables say by themselves.
  let counted: Double?
  let measure: Measure

  typealias Measure = @Sendable (ReplicationRun) throws -> Replication.Measurement

  init(
    _ id: String, _ table: String, _ what: String, _ metric: String, _ published: Double?,
    _ expectation: Replication.Expectation, printed: Double? = nil,
    origin: Replication.Origin = .paper, decimals: Int = 3, note: String? = nil,
    counted: Int? = nil,
    measure: @escaping Measure = { _ in throw NotRun("the published tables say it themselves") }
  ) {
    claim = Replication.Claim(
      id: id, table: table, what: what, metric: metric, published: published, printed: printed,
      expectation: expectation, origin: origin, decimals: decimals, note: note)
    (self.counted, self.measure) = (counted.map(Double.init), measure)
  }
}

/// Tolerances, declared before anything is measured.
extension Replication.Expectation {
  /// Half a unit of the last of the printed decimals.
  static func printed(_ decimals: Int) -> Self { .within(decimals == 4 ? 0.00005 : 0.0005) }
  /// What was read off a drawing, ± 0.003.
  static let drawing = Self.within(0.0035)
  /// Training on other machines gives other bits; a correlation is the same within this.
  static let trainedCorrelation = Self.within(0.02)

  /// An error is in points of the scale. Where a peak RMSE was misprinted, the standard deviation
  /// over seeds stands in its place: 0.066 in the middle. The tolerance is less than one of those.
  static func trained(_ metric: Metric) -> Self {
    metric.higherIsBetter ? trainedCorrelation : .within(0.05)
  }
}

extension Published {
  /// Every claim, in the order of the report.
  public var claims: [ClaimDefinition] {
    headlineClaims + sizeClaims + contestClaims + consistencyClaims + zeroShotClaims
      + replacedClaims + trainingClaims + significanceClaims + silhouetteClaims + groupClaims
      + factClaims + openSetClaims
  }

  /// The row of the paper's best result.
  public static let headlineRow = "V/newsemp24+newsemp23+newsemp22/roberta-base/llama:4.5"

  /// The row that figure 1 tests the others against.
  static let crowdRow = "V/newsemp24/roberta-base/crowd"

  private var headlineClaims: [ClaimDefinition] {
    guard let row = trainingRow(id: Self.headlineRow) else { return [] }
    let what = "RoBERTa on NewsEmp24, 23 and 22, Llama's corrections at 4.5, best of five seeds"
    return Self.metrics.map {
      Self.trained("headline/\($0.id)", "Headline", what, $0.title, row, $0, .peak)
    }
  }

  /// The rows of each split, of table II.
  private var sizeClaims: [ClaimDefinition] {
    sizes.keys.sorted().flatMap { set in
      zip(["train", "dev", "test"], sizes[set] ?? []).map { split, rows in
        ClaimDefinition(
          "II/\(set)/\(split)", "Table II: rows of each split", "\(set)/\(split)", "rows",
          Double(rows), .within(0), decimals: 0
        ) { .init(Double(try $0.load(set, split).1.rows.count)) }
      }
    }
  }

  private var trainingClaims: [ClaimDefinition] {
    training.flatMap { row in
      Self.figures.compactMap { metric, statistic in
        // Of single runs and reruns only some figures are printed.
        if ["VIII", "IV-A"].contains(row.table), row.value(metric, statistic) == nil { return nil }
        return Self.trained(
          "\(row.id)/\(metric.id)/\(statistic.rawValue)", row.title, row.settings,
          "\(metric.title), \(statistic.rawValue)", row, metric, statistic)
      }
    }
  }

  private static func trained(
    _ id: String, _ table: String, _ what: String, _ title: String, _ row: TrainingRow,
    _ metric: Metric, _ statistic: Statistic
  ) -> ClaimDefinition {
    let value = row.value(metric, statistic)
    let isPeakError = metric == .rmse && statistic == .peak
    return ClaimDefinition(
      id, table, what, title, value, .trained(metric), printed: isPeakError ? row.printed : nil,
      note: isPeakError && value == nil ? "the true peak was never published" : nil
    ) { try $0.training.measurement(row.id, metric, statistic) }
  }

  private var contestClaims: [ClaimDefinition] {
    let table = "Table VI counted again"
    let contest = labelContest
    return [
      ClaimDefinition(
        "contest/wins", table,
        "comparisons that Llama's labels of the added set win against the crowd's", "wins", 10,
        .within(0), printed: 12, decimals: 0,
        note: "two of the 12 compare standard deviations that stand in place of a peak RMSE",
        counted: contest.wins),
      ClaimDefinition(
        "contest/verifiable", table, "comparisons of two figures that are known", "comparisons", 16,
        .within(0), printed: 18, decimals: 0, counted: contest.verifiable),
    ]
  }

  private var consistencyClaims: [ClaimDefinition] {
    consistency.flatMap { row in
      [("alpha", row.alpha, 4), ("mae", row.mae, 3), ("sd", row.sd, 3)].map {
        figure, value, decimals in
        ClaimDefinition(
          "IX/\(row.first)-\(row.second)/\(figure)",
          "Table IX: agreement of labels on NewsEmp24 train",
          "\(Self.rater(row.first)) and \(Self.rater(row.second))",
          figure == "alpha" ? figure : figure.uppercased(), value, .printed(decimals),
          decimals: decimals
        ) { try $0.agreement("newsemp24", "train", row.first, row.second, figure) }
      }
    }
  }

  static func rater(_ name: String) -> String {
    let words = [
      "llama": "Llama", "llama-again": "Llama's labels of the same essays in NewsEmp23",
      "llama-plain": "Llama, plain prompt", "gpt": "GPT-4o",
    ]
    return words[name] ?? name
  }

  private var zeroShotClaims: [ClaimDefinition] {
    zeroShot.flatMap { row in
      [(Metric.pcc, row.pcc), (.ccc, row.ccc), (.rmse, row.rmse)].compactMap { metric, value in
        guard let value else { return nil }
        return ClaimDefinition(
          "VII/\(row.set)-\(row.split)/\(row.labels)/\(metric.id)",
          "Table VII: models' labels as predictions",
          "\(Self.rater(row.labels)) on \(row.set)/\(row.split)", metric.title, value, .printed(3)
        ) { try $0.zeroShot(row.set, row.split, row.labels, metric) }
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
          Double(count.rows), .within(0), origin: .files, decimals: 0
        ) { .init(Double(try $0.replaced(row.set, split, row.llm, alpha: count.alpha).changed)) }
      }
    }
  }

  private var significanceClaims: [ClaimDefinition] {
    significance.flatMap { row in
      [(Metric.pcc, row.pcc), (.ccc, row.ccc), (.rmse, row.rmse)].map { metric, p in
        ClaimDefinition(
          "figure-1/\(row.row)/\(metric.id)",
          "Figure 1: against crowd labels alone, RoBERTa on NewsEmp24, t-test over seeds",
          row.settings, "p of \(metric.title)", p, .below(0.05), decimals: 4
        ) { try $0.training.significance(row.id, Self.crowdRow, metric) }
      }
    }
  }

  private var silhouetteClaims: [ClaimDefinition] {
    silhouette.map { row in
      ClaimDefinition(
        "silhouette/\(row.labels)", "Silhouette of first-token states, six bins of labels",
        "NewsEmp24's training rows, trained with labels by \(row.labels)", "silhouette", row.value,
        .trainedCorrelation
      ) { try $0.embeddings.measurement(row.labels) }
    }
  }

  private var groupClaims: [ClaimDefinition] {
    groups.flatMap { row in
      let id = "figure-5/\(row.attribute)/\(row.group)"
      let table = "Figure 5: Llama's labels against the crowd's by group, all of NewsEmp24"
      let (attribute, group) = (row.attribute, row.label ?? row.group)
      return [
        ClaimDefinition(
          id, table, "\(attribute): \(row.group) (\(row.rows) rows)", "CCC", row.ccc, .drawing
        ) { try $0.group(attribute, group).ccc },
        ClaimDefinition(
          "\(id)/n", table, "\(attribute): \(row.group)", "rows", Double(row.rows), .within(0),
          decimals: 0
        ) { .init(Double(try $0.group(attribute, group).rows)) },
      ]
    }
  }

  /// What is known of the files and behind the errata; it stands in no table of the paper.
  private var factClaims: [ClaimDefinition] {
    func fact(
      _ id: String, _ what: String, _ metric: String, _ value: Double,
      _ measure: @escaping ClaimDefinition.Measure
    ) -> ClaimDefinition {
      ClaimDefinition(
        "facts/\(id)", "Behind the errata (known from the files)", what, metric, value, .within(0),
        origin: .files, decimals: 0, measure: measure)
    }
    return [
      fact("devRows", "NewsEmp24 dev", "rows", 63) {
        .init(Double(try $0.load("newsemp24", "dev").1.rows.count))
      },
      fact("devEssays", "NewsEmp24 dev", "different essays", 46) {
        .init(Double(Set(try $0.load("newsemp24", "dev").1.rows.map(\.normalisedText)).count))
      },
      fact("leak", "NewsEmp23 test: essays that stand in NewsEmp24 dev", "of 100 rows", 44) {
        let test = try $0.load("newsemp23", "test").1.rows.map(\.normalisedText)
        let seen = Set(try $0.load("newsemp24", "dev").1.rows.map(\.normalisedText))
        return .init(Double(test.count(where: seen.contains)))
      },
      fact(
        "inconsistentItems",
        "NewsEmp24 train against NewsEmp23: rows that break 7·e24 + 7·d24 = 6·e23 + 8·d23",
        "rows", 0
      ) { try $0.inconsistentItems() },
    ]
  }

  private var openSetClaims: [ClaimDefinition] {
    [("alpha", "alpha", 0.4014), ("pcc", "PCC", 0.4369)].map { figure, metric, value in
      ClaimDefinition(
        "newsemp18/llama-crowd/\(figure)", "The open set (known from the files)",
        "Llama and crowd on NewsEmp18", metric, value, .printed(4), origin: .files, decimals: 4
      ) { try $0.agreement("newsemp18", "all", "llama", Agreement.crowd, figure) }
    }
  }
}

extension Published.TrainingRow {
  /// The part of the report that the row stands in.
  var title: String {
    let sets = train.map(Self.setTitle).joined(separator: ", ")
    if table == "VIII" { return "Table VIII: Giorgi et al. 2024, run again by the authors" }
    if table == "IV-A" {
      return "Section IV-A: trained on NewsEmp24 train and dev, tested on NewsEmp23 test"
    }
    let encoder = encoder == "roberta-base" ? "RoBERTa" : "DeBERTa-v3"
    let what = table == "V" ? "corrected labels" : "added data"
    return "Table \(table): \(what), \(encoder) on \(sets)"
  }

  /// What sets the row apart within its part.
  var settings: String {
    if let extra {
      return "with \(Self.setTitle(extra.data)), labels by \(Published.rater(extra.labels))"
    }
    if recipe != nil {
      return "constant rate 1e-5, batch 32, 30 epochs, RoBERTa on NewsEmp24, 23 and 22"
    }
    guard let alpha else { return "crowd labels" }
    return "corrected by \(Published.rater(labels)), alpha \(alpha)"
  }

  private static func setTitle(_ id: String) -> String {
    id.hasPrefix("newsemp") ? "NewsEmp\(id.dropFirst(7))" : id
  }
}
