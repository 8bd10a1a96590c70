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
  public var sweeps: [Sweep]
  /// Experiments of our own, on other data or models: no claim rests on them.
  public var experiments: [ExperimentSummary]

  /// One published figure and ours.
  public struct Claim: Codable, Sendable, Equatable {
    /// Unique, such as `IX/llama-gpt/alpha`.
    public var id: String
    /// The part of the report that it stands in.
    public var table: String
    public var what: String
    public var metric: String
    public var published: Double?
    /// What was first printed in its place, where an erratum corrects it.
    public var printed: Double?
    public var expectation: Expectation
    public var origin: Origin
    /// Decimals that it is written with.
    public var decimals: Int
    public var ours: Double?
    public var seeds: SeedSpread?
    /// The interval over persons of the test set, of ours.
    public var low: Double?
    public var high: Double?
    public var verdict: Verdict
    public var note: String?

    public init(
      id: String, table: String, what: String, metric: String, published: Double?,
      printed: Double? = nil, expectation: Expectation, origin: Origin = .paper,
      decimals: Int = 3, ours: Double? = nil, seeds: SeedSpread? = nil, low: Double? = nil,
      high: Double? = nil, verdict: Verdict = .notRun, note: String? = nil
    ) {
      self.id = id
      self.table = table
      self.what = what
      self.metric = metric
      self.published = published
      self.printed = printed
      self.expectation = expectation
      self.origin = origin
      self.decimals = decimals
      self.ours = ours
      self.seeds = seeds
      self.low = low
      self.high = high
      self.verdict = verdict
      self.note = note
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
  }

  /// How ours varies over the seeds of training.
  public struct SeedSpread: Codable, Sendable, Equatable {
    public var count: Int
    public var mean: Double
    /// With n-1; nil for one seed.
    public var sd: Double?

    public init(count: Int, mean: Double, sd: Double?) {
      self.count = count
      self.mean = mean
      self.sd = sd
    }
  }

  public enum Verdict: String, Codable, Sendable, CaseIterable {
    case replicated
    /// Outside the tolerance, but the published value lies within the test set's interval of ours.
    case noiseOnly = "within test-set noise only"
    case notReplicated = "not replicated"
    case notRun = "not run"
  }

  public init(
    paper: String, paperURL: String? = nil, setting: String, claims: [Claim] = [],
    errata: [String] = [], sweeps: [Sweep] = [], experiments: [ExperimentSummary] = []
  ) {
    self.paper = paper
    self.paperURL = paperURL
    self.setting = setting
    self.claims = claims
    self.errata = errata
    self.sweeps = sweeps
    self.experiments = experiments
  }
}
