/// How well labelled points stand apart (Rousseeuw 1987), Euclidean distance.
public enum Silhouette {
  /// The value of every point, in [-1, 1]; a point alone in its group has 0.
  /// - Parameter points: (n, d), d equal for all; labels: (n,), any integers.
  /// - Returns: undefined where there are fewer than 2 groups or as many groups as points.
  public static func samples(_ points: [[Double]], labels: [Int]) -> Outcome<[Double]> {
    precondition(points.count == labels.count, "one label a point")
    let sizes = Dictionary(grouping: labels) { $0 }.mapValues { Double($0.count) }
    guard sizes.count > 1 else { return .undefined(points.isEmpty ? .noRows : .oneGroup) }
    guard sizes.count < points.count else { return .undefined(.tooFewRows) }
    return .value(
      points.indices.map { i in
        var sums: [Int: Double] = [:]
        for j in points.indices where j != i {
          sums[labels[j], default: 0] += distance(points[i], points[j])
        }
        guard let own = sums.removeValue(forKey: labels[i]) else { return 0 }
        let inner = own / ((sizes[labels[i]] ?? 0) - 1)
        let outer = sums.map { $1 / (sizes[$0] ?? 1) }.min() ?? 0
        let larger = max(inner, outer)
        return larger > 0 ? (outer - inner) / larger : 0
      })
  }

  /// The mean over all points.
  public static func score(_ points: [[Double]], labels: [Int]) -> Figure {
    samples(points, labels: labels).map { $0.reduce(0, +) / Double($0.count) }
  }

  private static func distance(_ a: [Double], _ b: [Double]) -> Double {
    precondition(a.count == b.count, "points of different dimension")
    var sum = 0.0
    for k in a.indices { sum += (a[k] - b[k]) * (a[k] - b[k]) }
    return sum.squareRoot()
  }
}
