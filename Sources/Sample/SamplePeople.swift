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

  /// The persons with these ids, of whom `rows[i]` rows of the split come from person `i`.
  ///
  /// A few persons write most of train, so traits are standardised over rows: else a single
  /// stern person would move the mean of the whole set from seed to seed.
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
    let variance =
      zip(people, rows).reduce(0) { sum, pair in
        let off = pair.0[keyPath: trait] - mean
        return sum + off * off * Double(pair.1)
      } / total
    let scale = deviation / variance.squareRoot()
    for index in people.indices {
      people[index][keyPath: trait] = scale * (people[index][keyPath: trait] - mean)
    }
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
