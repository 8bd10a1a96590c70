/// The published tables beside ours, claim by claim.
public struct Replication: Codable, Sendable, Equatable {
  /// The paper, in words.
  public var paper: String
  public var paperURL: String?
  /// How and where ours was computed, in words.
  public var setting: String
  public var claims: [Claim]
  public var errata: [String]
  /// Series over a threshold or a share, each drawn as one plot.
  public var sweeps: [Sweep]

  /// One published figure and ours.
  public struct Claim: Codable, Sendable, Equatable {
    public var table: String
    public var what: String
    public var metric: String
    public var published: Double?
    public var ours: Double?
    public var low: Double?
    public var high: Double?
    public var verdict: Verdict
    public var note: String?

    public init(
      table: String, what: String, metric: String, published: Double?, ours: Double?,
      low: Double? = nil, high: Double? = nil, verdict: Verdict, note: String? = nil
    ) {
      self.table = table
      self.what = what
      self.metric = metric
      self.published = published
      self.ours = ours
      self.low = low
      self.high = high
      self.verdict = verdict
      self.note = note
    }
  }

  public enum Verdict: String, Codable, Sendable, CaseIterable {
    case reproduced
    case within = "within our interval"
    case different
    case notRun = "not run"
  }

  /// Values over one variable, for instance the threshold alpha or the share of data.
  public struct Sweep: Codable, Sendable, Equatable {
    public var title: String
    public var variable: String
    public var metric: String
    public var series: [Series]

    public init(title: String, variable: String, metric: String, series: [Series]) {
      self.title = title
      self.variable = variable
      self.metric = metric
      self.series = series
    }
  }

  public struct Series: Codable, Sendable, Equatable {
    public var name: String
    public var points: [Point]

    public init(name: String, points: [Point]) {
      self.name = name
      self.points = points
    }
  }

  public struct Point: Codable, Sendable, Equatable {
    public var x: Double
    public var y: Double
    public var low: Double?
    public var high: Double?

    public init(x: Double, y: Double, low: Double? = nil, high: Double? = nil) {
      self.x = x
      self.y = y
      self.low = low
      self.high = high
    }
  }

  public init(
    paper: String, paperURL: String? = nil, setting: String, claims: [Claim] = [],
    errata: [String] = [], sweeps: [Sweep] = []
  ) {
    self.paper = paper
    self.paperURL = paperURL
    self.setting = setting
    self.claims = claims
    self.errata = errata
    self.sweeps = sweeps
  }
}
