import Basics
import Harness
import Metrics
import Reference

extension LabelStructure {
  /// Rows that a person needs for figures of their own.
  public static let rowsOfPerson = 5
  /// Levels of a person's quantiles.
  public static let quantiles = PersonQuantiles.levels
  /// Groups in a picture's panel.
  static let marks = 12

  /// Nil where rows belong to nobody: the benchmark has no clusters.
  /// - Parameters:
  ///   - alpha: a label is replaced where it differs by more from the model's.
  ///   - seed: of the random rows that replaced ones are compared with.
  public init?(_ rated: RatedSplit, alpha: Double, seed: UInt64, level: Double = 0.95) {
    guard let cluster = rated.definition.clusters.first else { return nil }
    let crossed = rated.definition.clusters.dropFirst().first
    let rows = RaterRows(rated, cluster: cluster, crossed: crossed)
    (self.cluster, self.crossed, self.level, self.seed) = (cluster, crossed, level, seed)
    let raters = Agreement.raters(rated.essays)
    components = raters.map { rows.components(of: $0, level: level) }
    var correlations: [Correlations] = [], byPerson: [ByPerson] = []
    var replaced: [Replaced] = [], pictures: [Picture] = []
    for (place, first) in raters.enumerated() {
      for second in raters[(place + 1)...] {
        guard let pair = RaterPair(rows, first, second) else { continue }
        correlations.append(pair.correlations(level: level))
        byPerson += pair.byPerson()
        if first == Agreement.crowd { replaced.append(pair.replaced(alpha: alpha, seed: seed)) }
        pictures.append(pair.picture())
      }
    }
    (self.correlations, self.byPerson) = (correlations, byPerson)
    (self.replaced, self.pictures) = (replaced, pictures)
    rowsByPerson = rows.byPerson()
  }
}

/// The rows of a split by person and by what is crossed with them.
private struct RaterRows {
  let essays: [LabelledEssay]
  /// Numbers of each row's levels; none of the second without such a clustering.
  let persons: [Int]
  let articles: [Int]?
  let names: (cluster: String, crossed: String?)

  init(_ rated: RatedSplit, cluster: String, crossed: String?) {
    essays = rated.essays
    persons = Self.numbered(rated.dataset.clusterNames(cluster))
    articles = crossed.map { Self.numbered(rated.dataset.clusterNames($0)) }
    names = (cluster, crossed)
  }

  private static func numbered(_ names: [String]) -> [Int] {
    var numbers: [String: Int] = [:]
    return names.map { name in
      let number = numbers[name] ?? numbers.count
      numbers[name] = number
      return number
    }
  }

  /// The rows that `rater` has rated, with the labels.
  func rated(by rater: String) -> (rows: [Int], labels: [Double]) {
    var rows: [Int] = [], labels: [Double] = []
    for (row, essay) in essays.enumerated() {
      guard let label = rater == Agreement.crowd ? essay.crowd : essay.labels[rater] else {
        continue
      }
      rows.append(row)
      labels.append(label)
    }
    return (rows, labels)
  }

  func components(of rater: String, level: Double) -> LabelStructure.Components {
    let (rows, labels) = rated(by: rater)
    let own = rows.map { persons[$0] }
    let crossed = articles.map { articles in rows.map { articles[$0] } }
    var clusters = [names.cluster: Set(own).count]
    if let name = names.crossed, let crossed { clusters[name] = Set(crossed).count }
    func made(
      _ shares: [String: LabelStructure.Value], _ variance: Double?, _ reason: String?
    ) -> LabelStructure.Components {
      LabelStructure.Components(
        rater: rater, rows: rows.count, clusters: clusters, shares: shares,
        variance: Rounding.published(variance), undefined: reason)
    }
    guard
      PublishingThreshold.standard.allows(
        rows: rows.count, clusters: clusters[names.cluster] ?? 0)
    else { return made([:], nil, DemographicGroups.tooSmall) }
    let fit = CrossedComponents.fit(labels, persons: own, articles: crossed, level: level)
    guard let found = fit.value else { return made([:], nil, fit.reason?.rawValue) }
    var shares = [
      names.cluster: LabelStructure.Value(found.person), "rest": LabelStructure.Value(found.rest),
    ]
    if let name = names.crossed, let article = found.article {
      shares[name] = LabelStructure.Value(article)
    }
    return made(shares, found.variance, nil)
  }

  /// How many rows each person has, of those that anybody rated.
  func byPerson() -> LabelStructure.RowsByPerson? {
    var counts: [Int: Int] = [:]
    for (row, essay) in essays.enumerated() where essay.crowd != nil || !essay.labels.isEmpty {
      counts[persons[row], default: 0] += 1
    }
    let sizes = counts.values.sorted()
    guard let all = Concentration(sizes), let least = sizes.first, let most = sizes.last,
      PublishingThreshold.standard.allows(rows: all.rows, clusters: sizes.count)
    else { return nil }
    let middle = sizes.count / 2
    let median =
      sizes.count % 2 == 1
      ? Double(sizes[middle]) : Double(sizes[middle - 1] + sizes[middle]) / 2
    var squares = 0.0
    for size in sizes { squares += Double(size * size) }
    return LabelStructure.RowsByPerson(
      rows: all.rows, persons: sizes.count, least: least, most: most, median: median,
      effective: Rounding.published(Double(all.rows * all.rows) / squares),
      topShare: Rounding.published(all.topShare), gini: Rounding.published(all.gini))
  }
}

/// The rows that two raters have both rated: the first one's labels, the second one's ratings.
private struct RaterPair {
  let first, second: String
  let sample: TwoRaterSample
  /// Rows of each person.
  let rowsOfPerson: [[Int]]

  /// Nil with fewer rows or persons than may be published.
  init?(_ rows: RaterRows, _ first: String, _ second: String) {
    let one = rows.rated(by: first)
    let two = rows.rated(by: second)
    let others = Dictionary(uniqueKeysWithValues: zip(two.rows, two.labels))
    var labels: [Double] = [], ratings: [Double] = [], persons: [Int] = []
    for (row, label) in zip(one.rows, one.labels) {
      guard let rating = others[row] else { continue }
      labels.append(label)
      ratings.append(rating)
      persons.append(rows.persons[row])
    }
    (self.first, self.second) = (first, second)
    sample = TwoRaterSample(labels: labels, ratings: ratings, persons: persons)
    var own = [[Int]](repeating: [], count: sample.personCount)
    for (row, person) in sample.personOfRow.enumerated() { own[person].append(row) }
    rowsOfPerson = own
    let isEnough = PublishingThreshold.standard.allows(
      rows: sample.count, clusters: sample.personCount)
    guard isEnough else { return nil }
  }

  func correlations(level: Double) -> LabelStructure.Correlations {
    let found = PersonCorrelations(sample, level: level)
    return LabelStructure.Correlations(
      first: first, second: second, rows: sample.count, persons: sample.personCount,
      within: LabelStructure.Value(found.within), means: LabelStructure.Value(found.means),
      weightedMeans: LabelStructure.Value(found.weightedMeans),
      latent: LabelStructure.Value(found.latent))
  }

  func byPerson() -> [LabelStructure.ByPerson] {
    let figures: [(String, (PairedMoments) -> Figure)] = [
      ("pcc", { $0.pcc() }), ("mae", { $0.mae() }),
    ]
    let moments = rowsOfPerson.filter { $0.count >= LabelStructure.rowsOfPerson }.map { rows in
      PairedMoments(
        predictions: rows.map { sample.ratings[$0] }, gold: rows.map { sample.labels[$0] })
    }
    return figures.map { name, figure in
      let values = moments.compactMap { figure($0).value }
      let found = PersonQuantiles.of(values)
      let quantiles = found.value.map { quantiles in
        Dictionary(
          uniqueKeysWithValues: zip(PersonQuantiles.levels, quantiles.values).compactMap {
            level, value in Rounding.published(value).map { ("\(level)", $0) }
          })
      }
      return LabelStructure.ByPerson(
        first: first, second: second, figure: name, persons: values.count, quantiles: quantiles,
        undefined: found.reason == nil
          ? nil
          : "fewer than \(PersonQuantiles.minPersons) persons with "
            + "\(LabelStructure.rowsOfPerson) rows or more")
    }
  }

  func replaced(alpha: Double, seed: UInt64) -> LabelStructure.Replaced {
    var counts = [Int](repeating: 0, count: sample.personCount)
    for row in 0..<sample.count where abs(sample.labels[row] - sample.ratings[row]) > alpha {
      counts[sample.personOfRow[row]] += 1
    }
    let rows = counts.reduce(0, +)
    guard let found = Concentration(counts),
      PublishingThreshold.standard.allows(rows: rows, clusters: found.holders)
    else {
      return LabelStructure.Replaced(
        model: second, alpha: alpha, rows: rows, persons: nil, topShare: nil, gini: nil,
        undefined: rows == 0 ? "no label is replaced" : DemographicGroups.tooSmall)
    }
    let random = found.reference(
      drawnFrom: sample.personOfRow, persons: sample.personCount, seed: seed)
    return LabelStructure.Replaced(
      model: second, alpha: alpha, rows: rows, persons: found.holders,
      topShare: LabelStructure.Compared(found.topShare, random.topShare),
      gini: LabelStructure.Compared(found.gini, random.gini), undefined: nil)
  }

  /// One partition of the rows and one of the persons, so that no two marks tell a third.
  func picture() -> LabelStructure.Picture {
    var means: [LabelPair] = []
    for rows in rowsOfPerson {
      var sum = LabelPair(label: 0, rating: 0)
      for row in rows {
        sum.label += sample.labels[row]
        sum.rating += sample.ratings[row]
      }
      let n = Double(rows.count)
      means.append(LabelPair(label: sum.label / n, rating: sum.rating / n))
    }
    let centred = (0..<sample.count).filter {
      rowsOfPerson[sample.personOfRow[$0]].count > 1
    }.map { row in
      let person = sample.personOfRow[row]
      let x = sample.ratings[row] - means[person].rating
      return GroupedMean.Item(
        order: x, x: x, y: sample.labels[row] - means[person].label, person: person)
    }
    let model = TwoRaterModel.fit(sample).value
    let effects = model?.personEffects(of: sample)
    func items(_ points: [LabelPair]) -> [GroupedMean.Item] {
      points.enumerated().map { person, point in
        GroupedMean.Item(
          order: effects?[person].rating ?? means[person].rating, x: point.rating, y: point.label,
          person: person, rows: rowsOfPerson[person].count)
      }
    }
    func marks(_ items: [GroupedMean.Item]) -> [LabelStructure.Mark] {
      GroupedMean.groups(items, count: LabelStructure.marks, threshold: .standard).map {
        LabelStructure.Mark($0)
      }
    }
    let predicted = model.flatMap { model in
      effects?.map { effect in
        LabelPair(
          label: model.mean.label + effect.label, rating: model.mean.rating + effect.rating)
      }
    }
    return LabelStructure.Picture(
      first: first, second: second, within: marks(centred), means: marks(items(means)),
      predicted: predicted.map { marks(items($0)) } ?? [])
  }
}
