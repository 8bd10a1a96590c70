/// The distribution of a figure over persons, in a form that shows no single person.
public struct PersonQuantiles: Sendable, Hashable {
  public let persons: Int
  /// 10%, 25%, 50%, 75% and 90%, each the mean of the five persons around it.
  public let values: [Double]

  public static let levels = [0.1, 0.25, 0.5, 0.75, 0.9]
  /// Persons that are averaged for one quantile.
  public static let window = 5
  /// With fewer persons the windows of two quantiles would overlap.
  public static let minPersons = 40

  /// - Parameter figures: of each person, finite; undefined with fewer than 40.
  public static func of(_ figures: [Double]) -> Outcome<PersonQuantiles> {
    guard figures.count >= minPersons else {
      return .undefined(figures.isEmpty ? .noRows : .tooFewClusters)
    }
    let sorted = figures.sorted()
    let values = levels.map { level in
      let middle = Int((Double(sorted.count - 1) * level).rounded())
      return SampleMoments(Array(sorted[(middle - window / 2)...(middle + window / 2)])).mean
    }
    return .value(PersonQuantiles(persons: figures.count, values: values))
  }
}

/// The mean of y for rows of similar x: a mark of a picture, of enough rows and persons.
public struct GroupedMean: Sendable, Hashable {
  public let rows, persons: Int
  public let x, y: Double
  /// 95% interval of the mean of y, with its error clustered by person.
  public let low, high: Double

  /// A row, or a person with `rows` rows.
  public struct Item: Sendable {
    public let order, x, y: Double
    public let person, rows: Int

    /// - Parameter order: by what items are grouped.
    public init(order: Double, x: Double, y: Double, person: Int, rows: Int = 1) {
      (self.order, self.x, self.y) = (order, x, y)
      (self.person, self.rows) = (person, rows)
    }
  }

  /// Items in `count` groups at most, about equally large, from the least `order` to the largest.
  /// Each holds as many rows and persons as `threshold` asks for; none where there are not enough.
  public static func groups(
    _ items: [Item], count: Int, threshold: PublishingThreshold
  ) -> [GroupedMean] {
    precondition(count > 0, "one group at least")
    // Ties in the order they were given in: the same input has the same marks.
    let sorted = items.enumerated().sorted {
      ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
    }.map(\.element)
    let size = (sorted.count + count - 1) / count
    var groups: [[Item]] = [[]]
    for item in sorted {
      if let last = groups.last, last.count >= size, isEnough(last, threshold) { groups.append([]) }
      groups[groups.count - 1].append(item)
    }
    if let last = groups.last, !isEnough(last, threshold) {
      groups.removeLast()
      if groups.isEmpty { return [] }
      groups[groups.count - 1] += last
    }
    return groups.map { GroupedMean($0) }
  }

  private static func isEnough(_ items: [Item], _ threshold: PublishingThreshold) -> Bool {
    threshold.allows(
      rows: items.reduce(0) { $0 + $1.rows }, clusters: Set(items.map(\.person)).count)
  }

  private init(_ items: [Item]) {
    let (x, y) = (SampleMoments(items.map(\.x)).mean, SampleMoments(items.map(\.y)).mean)
    var sums: [Int: Double] = [:]
    for item in items { sums[item.person, default: 0] += item.y - y }
    // In the order of the persons: a dictionary's own differs from run to run.
    let squares = sums.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value * $1.value }
    let k = Double(sums.count)
    let error = (squares * k / (k - 1)).squareRoot() / Double(items.count)
    let half = k > 1 ? Distributions.studentQuantile(0.975, df: k - 1) * error : 0
    (rows, persons) = (items.reduce(0) { $0 + $1.rows }, sums.count)
    (self.x, self.y, low, high) = (x, y, y - half, y + half)
  }
}
