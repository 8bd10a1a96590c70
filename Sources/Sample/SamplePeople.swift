import Basics

/// A person of the sample: the demographics and the traits that shape labels and text.
struct SamplePerson: Sendable {
  /// `p000`–`p074` in train, a plain integer in dev and test.
  let id: String
  var demographics: Demographics
  /// Four scores of the Interpersonal Reactivity Index in [1, 5], five of personality in [1, 7].
  let iri: [Double]
  let personality: [Double]
  /// How much empathy this person's essays show on average; mean 0, SD about 0.6.
  var warmth: Double
  /// How high this person clicks whatever the text says; mean 0, SD 1.
  var leniency: Double
  /// Clicks without reading in most rows.
  var careless = false
  /// Types in lower case.
  let lowerCase: Bool

  /// Codes as in the original files; nil prints as `unknown`.
  struct Demographics: Sendable { var gender, education, race, age, income: Int? }
}

/// Draws persons: who they are, how they write and how they click.
struct SamplePopulation {
  let seed: UInt64
  /// Keeps the streams of the three splits apart.
  let split: UInt64

  /// The persons with these ids; `rows[i]` rows of the split come from person `i`. A few persons
  /// write most of train, so traits are standardised over rows.
  func people(
    ids: [String], rows: [Int], carelessPercent: Int, random: inout SplitMix64
  ) -> [SamplePerson] {
    var people = ids.enumerated().map { person($0, id: $1) }
    standardise(&people, \.warmth, deviation: 0.6, rows: rows)
    standardise(&people, \.leniency, deviation: 1, rows: rows)
    // Whole persons until their rows make up the share.
    var left = rows.reduce(0, +) * carelessPercent / 100
    for index in random.shuffled(Array(people.indices)) where rows[index] <= left {
      people[index].careless = true
      left -= rows[index]
    }
    return people
  }

  private func standardise(
    _ people: inout [SamplePerson], _ trait: WritableKeyPath<SamplePerson, Double>,
    deviation: Double, rows: [Int]
  ) {
    let total = Double(rows.reduce(0, +))
    let mean = zip(people, rows).reduce(0) { $0 + $1.0[keyPath: trait] * Double($1.1) } / total
    let offs = people.map { $0[keyPath: trait] - mean }
    let variance = zip(offs, rows).reduce(0) { $0 + $1.0 * $1.0 * Double($1.1) } / total
    let scale = deviation / variance.squareRoot()
    for index in people.indices { people[index][keyPath: trait] = scale * offs[index] }
  }

  private func person(_ index: Int, id: String) -> SamplePerson {
    var random = SplitMix64(seed: seed, labels: [10, split, UInt64(index)])
    let demographics = Self.demographics(&random)
    let warmth = 0.6 * random.bell()
    let iri = (0..<4).map { index in
      score(centre: 3.4 + (index == 1 ? 0 : 0.5 * warmth), steps: 7, in: 1...5, &random)
    }
    let personality = (0..<5).map { _ in score(centre: 4.9, steps: 2, in: 1...7, &random) }
    return SamplePerson(
      id: id, demographics: demographics, iri: iri, personality: personality, warmth: warmth,
      leniency: random.bell(), lowerCase: random.chance(percent: 15))
  }

  /// Mostly White, between 24 and 40 years of age, with some college or a degree, earning less
  /// than 100,000 a year: the make-up of crowd workers in the United States.
  private static func demographics(_ random: inout SplitMix64) -> SamplePerson.Demographics {
    let gender = [1, 2, 5][random.pick(weights: [54, 44, 2])]
    let education = 1 + random.pick(weights: [1, 10, 5, 20, 12, 40, 12])
    let race = 1 + random.pick(weights: [76, 6, 9, 1, 7, 1])
    let ages = [18...23, 24...29, 30...39, 40...49, 50...59, 60...74]
    let age = ages[random.pick(weights: [6, 24, 40, 16, 10, 4])]
    let incomes = [8...49, 50...99, 100...149, 150...199, 200...350]
    let income = incomes[random.pick(weights: [44, 34, 14, 5, 3])]
    return SamplePerson.Demographics(
      gender: gender, education: education, race: race,
      age: age.lowerBound + random.below(age.count),
      income: 1000 * (income.lowerBound + random.below(income.count)))
  }

  /// A questionnaire score: a multiple of 1/`steps` around `centre`.
  private func score(
    centre: Double, steps: Int, in range: ClosedRange<Double>, _ random: inout SplitMix64
  ) -> Double {
    let value = min(max(centre + 0.9 * random.bell(), range.lowerBound), range.upperBound)
    return (value * Double(steps)).rounded() / Double(steps)
  }
}

/// Turns what an essay carries into labels: by the crowd, item by item, and by language models.
/// Crowd and model agree poorly (interval alpha about 0.27 in train), two models well (about 0.8),
/// as in the real labels.
struct SampleRatings {
  /// How one split was rated.
  struct Crowd {
    /// Correlation of an attentive person's feeling with what the text carries.
    let reliability: Double
    /// Share of rows by persons who click without reading in four rows of five.
    let carelessPercent: Int
    /// One distress item is scored as an empathy item, so both labels are means of seven.
    let misassignedItem: Bool
  }

  struct Labels { let crowdEmpathy, crowdDistress, llama, llamaPlain, gpt: Double }

  static let empathyItems = 6
  static let distressItems = 8

  let crowd: Crowd

  func labels(
    empathy: Double, distress: Double, person: SamplePerson, random: inout SplitMix64
  ) -> Labels {
    let (empathyItems, distressItems) = items(
      empathy: empathy, distress: distress, person: person, random: &random)
    let moved = crowd.misassignedItem ? 1 : 0
    let scoredAsEmpathy = empathyItems + distressItems.prefix(moved)
    let scoredAsDistress = Array(distressItems.dropFirst(moved))

    let seen = 0.95 * empathy + 0.3 * random.bell()
    return Labels(
      crowdEmpathy: Self.mean(scoredAsEmpathy), crowdDistress: Self.mean(scoredAsDistress),
      llama: Self.grid(3.98 + 1.85 * seen + 0.60 * random.bell(), steps: 60),
      llamaPlain: Self.grid(4.4 + 1.70 * seen + 0.70 * random.bell(), steps: 2),
      gpt: Self.grid(3.35 + 1.55 * seen + 0.55 * random.bell(), steps: 12))
  }

  private func items(
    empathy: Double, distress: Double, person: SamplePerson, random: inout SplitMix64
  ) -> ([Int], [Int]) {
    if person.careless, random.chance(percent: 80) {
      // A careless person clicks down one column, sometimes slipping to the next.
      let column = 1 + 6 * random.uniform()
      return (
        clicks(Self.empathyItems, around: column, spread: 0.5, &random),
        clicks(Self.distressItems, around: column + 0.8 * random.bell(), spread: 0.5, &random)
      )
    }
    let rest = (1 - crowd.reliability * crowd.reliability).squareRoot()
    func feeling(_ carried: Double) -> Double {
      crowd.reliability * carried + rest * (0.8 * person.leniency + 0.6 * random.bell())
    }
    let felt = 4.28 + 2.6 * feeling(empathy)
    let troubled = 4.05 + 2.4 * feeling(distress)
    return (
      clicks(Self.empathyItems, around: felt, spread: 0.9, &random),
      clicks(Self.distressItems, around: troubled, spread: 0.9, &random)
    )
  }

  private func clicks(
    _ count: Int, around centre: Double, spread: Double, _ random: inout SplitMix64
  ) -> [Int] {
    (0..<count).map { _ in
      let value = (centre + spread * random.bell()).rounded()
      return Int(min(max(value, 1), 7))
    }
  }

  static func mean(_ items: [Int]) -> Double { Double(items.reduce(0, +)) / Double(items.count) }

  /// `value` within [1, 7] on a grid of 1/`steps`, as a mean over items and runs lies.
  static func grid(_ value: Double, steps: Int) -> Double {
    (min(max(value, 1), 7) * Double(steps)).rounded() / Double(steps)
  }
}

/// What the sample draws. Every row and person has a stream of its own, so that a change in how one
/// essay is composed moves nothing else. Choices use integer arithmetic alone and the real draws
/// only +, -, × and ÷, which IEEE 754 fixes, so that all machines write the same bytes.
extension SplitMix64 {
  /// An integer in 0..<`bound`, from the high half of a product (bias below bound / 2^64).
  mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "a choice needs at least one possibility")
    return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// True for `percent` of a hundred draws on average.
  mutating func chance(percent: Int) -> Bool { below(100) < percent }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

  /// An index drawn with probability proportional to its weight.
  mutating func pick(weights: [Int]) -> Int {
    var left = below(weights.reduce(0, +))
    for (index, weight) in weights.enumerated() {
      if left < weight { return index }
      left -= weight
    }
    return weights.count - 1
  }

  /// Mean 0, variance 1, within ±6: the sum of twelve uniform draws less six. Needs no logarithm
  /// or cosine, whose last bits differ between C libraries.
  mutating func bell() -> Double { (0..<12).reduce(-6) { sum, _ in sum + uniform() } }

  /// A permutation of `elements` (Fisher and Yates).
  mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
    var out = elements
    for last in stride(from: out.count - 1, to: 0, by: -1) { out.swapAt(last, below(last + 1)) }
    return out
  }
}
