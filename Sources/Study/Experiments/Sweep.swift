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
}
