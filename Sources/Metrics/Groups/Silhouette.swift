/// How well labelled points stand apart (Rousseeuw 1987), Euclidean distance.
public enum Silhouette {
  /// The value of every point, in [-1, 1]; a point alone in its group has 0.
  /// - Parameters:
  ///   - points: (n, d), row-major, d equal for all.
  ///   - labels: (n,), any integers.
  /// - Returns: undefined where there are fewer than 2 groups or as many groups as points.
  public static func samples(_ points: [[Double]], labels: [Int]) -> Outcome<[Double]> {
    precondition(points.count == labels.count, "one label a point")
    let groups = Dictionary(
      uniqueKeysWithValues: Set(labels).sorted().enumerated().map { ($1, $0) })
    guard groups.count > 1 else { return .undefined(points.isEmpty ? .noRows : .oneGroup) }
    guard groups.count < points.count else { return .undefined(.tooFewRows) }
    let group = labels.map { groups[$0] ?? 0 }
    var sizes = [Double](repeating: 0, count: groups.count)
    for g in group { sizes[g] += 1 }
    var values: [Double] = []
    values.reserveCapacity(points.count)
    for i in points.indices {
      var sums = [Double](repeating: 0, count: groups.count)
      for j in points.indices where j != i { sums[group[j]] += distance(points[i], points[j]) }
      let own = group[i]
      guard sizes[own] > 1 else {
        values.append(0)
        continue
      }
      let inner = sums[own] / (sizes[own] - 1)
      var outer = Double.infinity
      for g in sums.indices where g != own { outer = min(outer, sums[g] / sizes[g]) }
      let larger = max(inner, outer)
      values.append(larger > 0 ? (outer - inner) / larger : 0)
    }
    return .value(values)
  }

  /// The mean over all points.
  public static func score(_ points: [[Double]], labels: [Int]) -> Figure {
    samples(points, labels: labels).figure { $0.reduce(0, +) / Double($0.count) }
  }

  private static func distance(_ a: [Double], _ b: [Double]) -> Double {
    precondition(a.count == b.count, "points of different dimension")
    var sum = 0.0
    for k in a.indices { sum += (a[k] - b[k]) * (a[k] - b[k]) }
    return sum.squareRoot()
  }
}
