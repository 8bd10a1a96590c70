import Basics
import Harness
import Metrics

/// The published tables beside ours, claim by claim.
public struct Replication: Codable, Sendable, Equatable {
  public var schema = 1
  /// The paper, in words.
  public var paper: String
  public var paperURL: String?
  /// How and where ours was computed, in words.
  public var setting: String
  public var claims: [Claim]
  public var errata: [String]
  /// Series over a threshold or a share, each drawn as one plot.
  public var sweeps: [Sweep] = []
  /// Experiments of our own, on other data or models: no claim rests on them.
  public var experiments: [ExperimentSummary] = []

  /// One published figure and ours.
  public struct Claim: Codable, Sendable, Equatable {
    /// Unique, such as `IX/llama-gpt/alpha`.
    public var id: String
    /// The part of the report that it stands in.
    public var table: String
    public var what, metric: String
    public var published: Double?
    /// What was first printed in its place, where an erratum corrects it.
    public var printed: Double?
    public var expectation: Expectation
    public var origin = Origin.paper
    /// Decimals that it is written with.
    public var decimals = 3
    public var ours: Double?
    public var seeds: SeedSpread?
    /// The interval over persons of the test set, of ours. It says what other persons would give and
    /// decides nothing: both runs are scored on the same rows.
    public var low: Double?
    public var high: Double?
    public var verdict = Verdict.notRun
    public var note: String?

    public init(
      id: String, table: String, what: String, metric: String, published: Double?,
      printed: Double? = nil, expectation: Expectation, origin: Origin = .paper,
      decimals: Int = 3, ours: Double? = nil, seeds: SeedSpread? = nil, low: Double? = nil,
      high: Double? = nil, verdict: Verdict = .notRun, note: String? = nil
    ) {
      (self.id, self.table, self.what, self.metric) = (id, table, what, metric)
      (self.published, self.printed, self.expectation) = (published, printed, expectation)
      (self.origin, self.decimals, self.ours, self.seeds) = (origin, decimals, ours, seeds)
      (self.low, self.high, self.verdict, self.note) = (low, high, verdict, note)
    }
  }

  /// Where the value that ours is compared with is from.
  public enum Origin: String, Codable, Sendable {
    case paper
    /// Computed from the published files by other means: a check of the readers, not of the paper.
    case files
  }

  /// What counts as replicated, declared with the claim and before anything is measured.
  public enum Expectation: Codable, Sendable, Equatable {
    /// Ours differs from the published value by no more than this.
    case within(Double)
    /// Ours is below this, as a p-value below its level.
    case below(Double)

    private enum CodingKeys: String, CodingKey { case within, below }

    /// From `{"within": 0.02}`, or the same with `below`.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      if let level = try container.decodeIfPresent(Double.self, forKey: .below) {
        self = .below(level)
      } else {
        self = .within(try container.decode(Double.self, forKey: .within))
      }
    }

    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      switch self {
      case .within(let tolerance): try container.encode(tolerance, forKey: .within)
      case .below(let level): try container.encode(level, forKey: .below)
      }
    }
  }

  /// How ours varies over the seeds of training.
  public struct SeedSpread: Codable, Sendable, Equatable {
    public var count: Int
    public var mean: Double
    /// With n-1; nil for one seed.
    public var sd: Double?

    public init(count: Int, mean: Double, sd: Double?) {
      (self.count, self.mean, self.sd) = (count, mean, sd)
    }

    /// Seeds at least whose spread predicts another run.
    public static let least = 5

    /// Whether `value` may be another run of the same procedure: mean ± t·sd·√(1 + 1/n) on n - 1
    /// degrees of freedom, at 95%.
    public func predicts(_ value: Double) -> Bool {
      guard count >= Self.least, let sd else { return false }
      let half =
        Distributions.studentQuantile(0.975, df: Double(count - 1)) * sd
        * (1 + 1 / Double(count)).squareRoot()
      return (value - mean).magnitude <= half + 1e-9
    }
  }

  public enum Verdict: String, Codable, Sendable, CaseIterable {
    /// Within the tolerance, or within the interval in which our seeds predict another run.
    case replicated
    case notReplicated = "not replicated"
    case notRun = "not run"
  }

  public init(
    paper: String, paperURL: String? = nil, setting: String, claims: [Claim] = [],
    errata: [String] = [], sweeps: [Sweep] = [], experiments: [ExperimentSummary] = []
  ) {
    (self.paper, self.paperURL, self.setting) = (paper, paperURL, setting)
    (self.claims, self.errata, self.sweeps) = (claims, errata, sweeps)
    self.experiments = experiments
  }
}

extension Replication {
  /// The report: every claim of `published` with what `measure` finds. The published sweeps come
  /// first, and one of ours with the same title joins its series.
  public init(
    _ published: Published, setting: String, sweeps: [Sweep] = [],
    experiments: [ExperimentSummary] = [], measure: (ClaimDefinition) throws -> Outcome
  ) rethrows {
    self.init(
      paper: published.source.title, paperURL: published.source.address, setting: setting,
      claims: try published.claims.map {
        $0.claim.judged(try $0.counted.map { .measured(.init($0)) } ?? measure($0))
      }, errata: published.errata, sweeps: published.sweeps, experiments: experiments)
    for sweep in sweeps {
      if let place = self.sweeps.firstIndex(where: { $0.title == sweep.title }) {
        self.sweeps[place].series += sweep.series
      } else {
        self.sweeps.append(sweep)
      }
    }
  }

  /// The paper's claims by verdict, or the checks against files.
  public func tally(_ origin: Origin = .paper) -> [(verdict: Verdict, count: Int)] {
    Verdict.allCases.map { verdict in
      (verdict, claims.count { $0.verdict == verdict && $0.origin == origin })
    }
  }

  /// The checks against files in one sentence.
  public var filesTally: String {
    let counts = tally(.files).map(\.count)
    return "Of figures known from the published files and not from the paper, \(counts[0]) agree, "
      + "\(counts[1]) differ, \(counts[2]) were not run."
  }

  /// The parts of the report in their order, each with its claims.
  public var tables: [(title: String, claims: [Claim])] {
    claims.map(\.table).unique.map { title in (title, claims.filter { $0.table == title }) }
  }
}

extension Published {
  /// Title of the plot of table V's threshold sweep.
  public static let alphaSweepTitle =
    "Table V: RoBERTa on NewsEmp24 and 22, Llama's corrections over the threshold"

  /// Title of the plot of figure 3.
  public static let shareSweepTitle =
    "Figure 3: RoBERTa on NewsEmp24 and a share of NewsEmp22, labels by Llama"

  /// The rows of figure 3: none of the set, a tenth of it, and so on.
  static let sharesOfAddedData: [(x: Double, id: String)] = (0...10).map { tenths in
    let base = "VI/newsemp24/roberta-base/crowd"
    guard tenths > 0 else { return (0, base) }
    let added = "\(base)/newsemp22:llama"
    return (Double(tenths) / 10, tenths == 10 ? added : "\(added)@\(Double(tenths) / 10)")
  }

  /// The series that the paper prints over a threshold, and the ends of those it draws over the share
  /// of added data, which table VI prints.
  var sweeps: [Sweep] {
    let shares = [Metric.pcc, .ccc].map { metric in
      Sweep.Series(
        name: "published, \(metric.title) (its ends, which are printed)",
        points: Self.sharesOfAddedData.compactMap { share in
          trainingRow(id: share.id)?.value(metric, .median).map { .init(x: share.x, y: $0) }
        })
    }
    let rows = training.filter {
      $0.table == "V" && $0.train == ["newsemp24", "newsemp22"] && $0.labels == "llama"
    }
    let series = Statistic.allCases.map { statistic in
      Sweep.Series(
        name: "published, \(statistic.rawValue) of five seeds",
        points: rows.compactMap { row in
          guard let alpha = row.alpha, let value = row.value(.pcc, statistic) else { return nil }
          return Sweep.Point(x: alpha, y: value)
        })
    }
    return [
      Sweep(title: Self.alphaSweepTitle, variable: "alpha", metric: "PCC", series: series),
      Sweep(
        title: Self.shareSweepTitle, variable: ExperimentSummary.portionVariable,
        metric: "PCC and CCC, medians", series: shares),
    ]
  }
}

extension Replication {
  /// What came of the attempt to measure a claim.
  public enum Outcome: Sendable, Equatable {
    case measured(Measurement)
    /// Why not, in words.
    case notRun(String)
  }

  /// Ours, with both kinds of uncertainty apart.
  public struct Measurement: Sendable, Equatable {
    public var value: Double
    public var seeds: SeedSpread?
    public var low, high: Double?
    public var note: String?

    public init(
      _ value: Double, seeds: SeedSpread? = nil, low: Double? = nil, high: Double? = nil,
      note: String? = nil
    ) {
      (self.value, self.seeds, self.low, self.high, self.note) = (value, seeds, low, high, note)
    }
  }
}

extension Replication.Expectation {
  /// The verdict on `ours`: the published value lies within the tolerance, or within the prediction
  /// interval of our seeds. The tolerance is widened by 1e-9, so that a difference of just the
  /// tolerance passes whatever its last bit.
  public func verdict(_ ours: Replication.Measurement, published: Double?) -> Replication.Verdict {
    switch self {
    case .below(let limit): return ours.value < limit ? .replicated : .notReplicated
    case .within(let tolerance):
      guard let published else { return .notRun }
      if (ours.value - published).magnitude <= tolerance + 1e-9 { return .replicated }
      return ours.seeds?.predicts(published) == true ? .replicated : .notReplicated
    }
  }

  /// In words: `± 0.0005`, `exact`, `below 0.05`.
  public var text: String {
    switch self {
    case .within(0): "exact"
    case .within(let tolerance): "± \(Self.decimal(tolerance))"
    case .below(let limit): "below \(Self.decimal(limit))"
    }
  }

  /// At most 5 decimals, without zeros at the end.
  private static func decimal(_ value: Double) -> String {
    var text = Rounding.text(value, decimals: 5)
    while text.last == "0" { text.removeLast() }
    return text
  }
}

extension Replication.Claim {
  /// The claim with what came of it. Figures are rounded to 4 decimals after the verdict, p-values
  /// over seeds to 6.
  public func judged(_ outcome: Replication.Outcome) -> Self {
    var claim = self
    let more: String?
    switch outcome {
    case .notRun(let why): (claim.verdict, more) = (.notRun, why)
    case .measured(let ours):
      claim.verdict = expectation.verdict(ours, published: published)
      claim.ours =
        if case .below = expectation { (ours.value * 1e6).rounded() / 1e6 } else {
          Rounding.published(ours.value)
        }
      claim.seeds = ours.seeds.map {
        .init(
          count: $0.count, mean: Rounding.published($0.mean) ?? $0.mean,
          sd: Rounding.published($0.sd))
      }
      (claim.low, claim.high) = (Rounding.published(ours.low), Rounding.published(ours.high))
      more = ours.note
    }
    let notes = [note, more].compactMap(\.self)
    claim.note = notes.isEmpty ? nil : notes.joined(separator: "; ")
    return claim
  }
}
