public import Metrics

/// How well two raters agree on the essays that both have rated.
public struct Agreement: Sendable, Equatable {
  /// `crowd` or the name of a model.
  public let first: String
  public let second: String
  /// Essays with both labels.
  public let count: Int
  /// Krippendorff's alpha, interval.
  public let alpha: Figure
  /// Mean of |first - second|.
  public let mae: Figure
  /// Standard deviation (n-1) of |first - second|, as in the paper's table IX.
  public let deviation: Figure
  /// Pearson's correlation.
  public let pcc: Figure
  /// Mean of first - second.
  public let bias: Figure

  /// The name of the crowd among the raters.
  public static let crowd = "crowd"

  /// An essay that two raters have rated.
  public struct Pair: Sendable, Equatable {
    public let id: String
    public let first, second: Double
    var difference: Double { first - second }
  }

  private static func pairs(_ essays: [LabelledEssay], _ first: String, _ second: String) -> [Pair]
  {
    essays.compactMap { essay in
      guard let a = label(essay, first), let b = label(essay, second) else { return nil }
      return Pair(id: essay.id, first: a, second: b)
    }
  }

  /// The label of `rater` for an essay, or nil.
  static func label(_ essay: LabelledEssay, _ rater: String) -> Double? {
    rater == crowd ? essay.crowd : essay.labels[rater]
  }

  /// Agreement between `first` and `second`; every figure is undefined where no essay has both.
  public init(_ essays: [LabelledEssay], _ first: String, _ second: String) {
    let both = Self.pairs(essays, first, second)
    let (x, y) = (both.map(\.first), both.map(\.second))
    let moments = PairedMoments(predictions: x, gold: y)
    let distances = zip(x, y).map { abs($0 - $1) }
    (self.first, self.second, count) = (first, second, x.count)
    alpha = KrippendorffAlpha.interval(x, y)
    mae = moments.mae()
    pcc = moments.pcc()
    bias = x.isEmpty ? .undefined(.noRows) : .value(moments.meanError)
    deviation = PairedMoments(predictions: distances, gold: distances).deviationX
  }

  /// The agreement of every pair of raters: the crowd first, then the models by name.
  public static func all(_ essays: [LabelledEssay]) -> [Agreement] {
    let raters = raters(essays)
    return raters.indices.flatMap { index in
      raters[(index + 1)...].map { Agreement(essays, raters[index], $0) }
    }
  }

  /// The raters of at least one essay.
  public static func raters(_ essays: [LabelledEssay]) -> [String] {
    let models = Set(essays.flatMap(\.labels.keys)).sorted()
    return (essays.contains { $0.crowd != nil } ? [crowd] : []) + models
  }

  /// The `count` essays with the largest |first - second|, ties ordered by id. They carry no text.
  public static func largest(
    _ essays: [LabelledEssay], _ first: String, _ second: String, count: Int
  ) -> [Pair] {
    let ordered = pairs(essays, first, second).sorted {
      (abs($1.difference), $0.id) < (abs($0.difference), $1.id)
    }
    return Array(ordered.prefix(count))
  }

  /// The agreement within each group of an attribute; nil for a group that is withheld.
  public static func byGroup(
    _ essays: [LabelledEssay], attribute: String, _ first: String, _ second: String,
    isWithheld: (_ group: String) -> Bool
  ) -> [(group: String, agreement: Agreement?)] {
    let both = essays.filter { $0.isRated(by: first, second) && $0.groups[attribute] != nil }
    let groups = Dictionary(grouping: both) { $0.groups[attribute] ?? "" }
    return groups.sorted { $0.key < $1.key }.map { group, members in
      (group, isWithheld(group) ? nil : Agreement(members, first, second))
    }
  }

  /// The distribution of first - second, in bins of 0.5 over [-6, 6]: the lower edges and the
  /// counts; the last bin includes its upper edge.
  public static func distribution(_ essays: [LabelledEssay], _ first: String, _ second: String) -> (
    edges: [Double], counts: [Int]
  ) {
    let (bins, width) = (24, 0.5)
    var counts = Array(repeating: 0, count: bins)
    for pair in pairs(essays, first, second) {
      counts[min(bins - 1, max(0, Int(((pair.difference + 6) / width).rounded(.down))))] += 1
    }
    return ((0..<bins).map { -6 + Double($0) * width }, counts)
  }
}

extension LabelledEssay {
  /// Whether both raters have rated it; either may be ``Agreement/crowd``.
  public func isRated(by first: String, _ second: String) -> Bool {
    Agreement.label(self, first) != nil && Agreement.label(self, second) != nil
  }
}
