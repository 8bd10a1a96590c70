import Basics
public import Metrics

/// The rows that both the crowd and a model have rated.
private struct DoublyRated {
  /// Places among all rows.
  let places: [Int]
  let crowd, model: [Double]
  /// Persons by number.
  let persons: [Int]

  init(_ rows: [LabelledEssay], _ llm: String) {
    places = rows.indices.filter { rows[$0].crowd != nil && rows[$0].labels[llm] != nil }
    crowd = places.map { rows[$0].crowd ?? 0 }
    model = places.map { rows[$0].labels[llm] ?? 0 }
    var numbers: [String: Int] = [:]
    for place in places where numbers[rows[place].writer] == nil {
      numbers[rows[place].writer] = numbers.count
    }
    persons = places.map { numbers[rows[$0].writer] ?? 0 }
  }

  /// Whether the labels of each differ by more than `alpha`.
  func flags(_ alpha: Double) -> [Bool] { zip(crowd, model).map { abs($0 - $1) > alpha } }

  /// The mean of each one's person.
  func personMeans(_ values: [Double]) -> [Double] {
    var (sums, sizes) = ([Int: Double](), [Int: Double]())
    for (person, value) in zip(persons, values) {
      sums[person, default: 0] += value
      sizes[person, default: 0] += 1
    }
    return persons.map { (sums[$0] ?? 0) / (sizes[$0] ?? 1) }
  }
}

extension LabelCorrection {
  /// The label that this way gives each row; nil where the crowd's stays. All lie within the scale
  /// of ratings: a training table takes no others.
  func labels(
    for rows: [LabelledEssay], _ summary: inout Summary
  ) throws(ReferenceError) -> [Double?] {
    switch self {
    case .none: return rows.map { _ in nil }
    case .replace(let llm): return rows.map { $0.labels[llm] }
    case .blup: return try Self.withoutPersons(rows, &summary)
    case .soft(let llm, let third):
      let reliability = try LabelReliability(rows, llm: llm, third: third)
      summary.reliability = reliability
      return rows.map { row in
        row.crowd.flatMap { crowd in
          row.labels[llm].map { reliability.label(crowd: crowd, model: $0) }
        }
      }
    case .threshold(let llm, _), .centred(let llm, _), .mean(let llm), .em(let llm),
      .random(let llm, _, _), .samePersons(let llm, _, _), .flaggedMean(let llm, _),
      .flaggedText(let llm, _, _):
      let rated = DoublyRated(rows, llm)
      let found = try labels(rated, rows, &summary)
      var chosen: [Double?] = rows.map { _ in nil }
      for (place, label) in zip(rated.places, found) { chosen[place] = label.map(Self.onScale) }
      return chosen
    }
  }

  private static func onScale(_ label: Double) -> Double {
    min(max(label, RatingPrompt.scale.lowerBound), RatingPrompt.scale.upperBound)
  }

  /// The new labels of the rows that both have rated.
  private func labels(
    _ rated: DoublyRated, _ rows: [LabelledEssay], _ summary: inout Summary
  ) throws(ReferenceError) -> [Double?] {
    let (crowd, model) = (rated.crowd, rated.model)
    switch self {
    case .threshold(_, let alpha):
      return zip(rated.flags(alpha), model).map { $0 ? $1 : nil }
    case .centred(_, let alpha):
      let (levels, others) = (rated.personMeans(crowd), rated.personMeans(model))
      return crowd.indices.map { row in
        let own = model[row] - others[row]
        return abs(crowd[row] - levels[row] - own) > alpha ? levels[row] + own : nil
      }
    case .mean:
      let shift = (crowd.reduce(0, +) - model.reduce(0, +)) / Double(max(1, crowd.count))
      return zip(crowd, model).map { ($0 + $1 + shift) / 2 }
    case .em:
      let estimate = try TwoRaterEstimate(rated.crowd, rated.model, rated.persons)
      summary.twoRaters = estimate
      return estimate.labels
    case .random(_, let alpha, let seed):
      let count = rated.flags(alpha).count { $0 }
      return Self.drawn([Array(crowd.indices)], [count], seed, model)
    case .samePersons(_, let alpha, let seed):
      let flags = rated.flags(alpha)
      let persons = Dictionary(grouping: crowd.indices) { rated.persons[$0] }
        .sorted { $0.key < $1.key }.map(\.value)
      return Self.drawn(persons, persons.map { $0.count { flags[$0] } }, seed, model)
    case .flaggedMean(_, let alpha):
      let all = rows.compactMap(\.crowd)
      let mean = all.reduce(0, +) / Double(max(1, all.count))
      return rated.flags(alpha).map { $0 ? mean : nil }
    case .flaggedText(_, let alpha, let text):
      return zip(rated.flags(alpha), rated.places).map { $0 ? rows[$1].labels[text] : nil }
    case .none, .blup, .soft, .replace: return []
    }
  }

  /// The model's labels in as many rows of each part, drawn at random, as `counts` has.
  private static func drawn(
    _ parts: [[Int]], _ counts: [Int], _ seed: UInt64, _ model: [Double]
  ) -> [Double?] {
    var generator = SplitMix64(seed: seed)
    var labels: [Double?] = model.map { _ in nil }
    for (part, count) in zip(parts, counts) {
      for row in part.shuffled(using: &generator).prefix(count) { labels[row] = model[row] }
    }
    return labels
  }

  /// The crowd's labels without the persons' effects.
  private static func withoutPersons(
    _ rows: [LabelledEssay], _ summary: inout Summary
  ) throws(ReferenceError) -> [Double?] {
    let rated = rows.filter { $0.crowd != nil }
    let sample = ClusteredSample(
      gold: rated.map { $0.crowd ?? 0 }, clusters: rated.map(\.writer))
    switch OneWayModel.fit(sample) {
    case .undefined(let reason):
      throw .curation(
        .notFitted(model: "the model of persons' effects", reason: reason.rawValue))
    case .value(let model):
      summary.oneRater = model
      let effects = model.personEffects(of: sample)
      var labels = zip(rated, sample.clusterOfRow).map { row, person in
        onScale((row.crowd ?? 0) - effects[person])
      }[...]
      return rows.map { $0.crowd == nil ? nil : labels.popFirst() }
    }
  }
}

/// The fit of ``TwoRaterModel`` behind labels by `em`, and how much they depend on what two raters
/// cannot tell: the scale on which the model sees the true score.
public struct TwoRaterEstimate: Sendable, Equatable {
  public let model: TwoRaterModel
  /// t̂ of each row, with a scale of 1.
  let labels: [Double]
  /// For other scales, the correlation of their labels with these within persons; nil where
  /// undefined.
  public let sensitivity: [Sensitivity]

  public struct Sensitivity: Sendable, Equatable {
    public let scale: Double
    public let pccWithin: Double?
  }

  /// The scales beside 1.
  static let scales = [2.0 / 3, 1.5]

  init(_ crowd: [Double], _ model: [Double], _ persons: [Int]) throws(ReferenceError) {
    let sample = TwoRaterSample(labels: crowd, ratings: model, persons: persons)
    let fit = TwoRaterModel.fit(sample)
    guard case .value(let found) = fit, found.converged else {
      throw .curation(
        .notFitted(
          model: "the model of two raters",
          reason: fit.reason?.rawValue
            ?? "it has not converged after \(TwoRaterModel.maxIterations) steps"))
    }
    guard found.within.yl > 0 else {
      throw .curation(
        .notFitted(
          model: "the model of two raters",
          reason: "within persons the model's labels do not rise with the crowd's"))
    }
    let labels = found.trueScores(of: sample)
    let within = WithinClusters(ClusteredSample(gold: labels, clusters: persons))
    sensitivity = Self.scales.map { scale in
      Sensitivity(
        scale: scale,
        pccWithin: within?.system(found.trueScores(of: sample, ratingScale: scale)).figure(.pcc)
          .value)
    }
    (self.model, self.labels) = (found, labels)
  }
}
