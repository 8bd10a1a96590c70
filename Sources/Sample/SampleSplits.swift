import Basics

/// An essay with what lies behind it: the strengths that steer the text, and the labels.
struct SampleEssay: Sendable {
  let person: Int
  let article: Int
  let text: String
  /// Empathy and distress as the text carries them; mean 0, SD about 1.
  let empathy: Double
  let distress: Double
  let labels: SampleRatings.Labels
}

/// A row of a split: which essay stands in which conversation.
struct SampleRow: Sendable {
  let conversation: Int
  let essay: Int
}

struct SampleSplit: Sendable {
  let name: String
  let people: [SamplePerson]
  let essays: [SampleEssay]
  let rows: [SampleRow]
  /// Indices into `people`, one a row of the demographics file; a person may be repeated or absent.
  let demographicsRows: [Int]

  func person(of row: SampleRow) -> SamplePerson { people[essays[row.essay].person] }
}

/// Builds the three splits: persons, texts and labels, all from the seed.
struct SampleSplits: Sendable {
  let train: SampleSplit
  let dev: SampleSplit
  let test: SampleSplit

  var all: [SampleSplit] { [train, dev, test] }

  init(_ phrases: SamplePhrases, seed: UInt64) {
    var random = SplitMix64(seed: seed, labels: [3])
    // No article stands in two splits.
    let articles = random.shuffled(Array(1..<420))
    let train = SplitBuilder(
      phrases: phrases, seed: seed, number: 0, name: "train",
      crowd: .init(reliability: 0.47, carelessPercent: 28, misassignedItem: true),
      quotedRows: 76, lineFeeds: Array(repeating: 1, count: 40) + Array(repeating: 2, count: 20))
    self.train = train.build(
      .train(articles: Array(articles[0..<100]), random: &random),
      ids: (0..<75).map { "p" + String(repeating: "0", count: $0 < 10 ? 2 : 1) + String($0) },
      random: &random)

    let dev = SplitBuilder(
      phrases: phrases, seed: seed, number: 1, name: "dev",
      crowd: .init(reliability: 0.68, carelessPercent: 10, misassignedItem: false),
      quotedRows: 6, lineFeeds: Array(repeating: 2, count: 8))
    self.dev = dev.build(
      .dev(articles: articles[100..<111].sorted(), random: &random),
      ids: random.shuffled(Array(30..<150)).prefix(55).map { String($0) }, random: &random)

    let test = SplitBuilder(
      phrases: phrases, seed: seed, number: 2, name: "test",
      crowd: .init(reliability: 0.78, carelessPercent: 5, misassignedItem: false),
      quotedRows: 7, lineFeeds: Array(repeating: 1, count: 5))
    self.test = test.build(
      .test(articles: articles[111..<125].sorted(), random: &random),
      ids: random.shuffled(Array(180..<260)).prefix(57).map { String($0) }, random: &random)
  }
}

/// Fills the skeleton of one split with persons, texts and labels.
private struct SplitBuilder {
  let phrases: SamplePhrases
  let seed: UInt64
  let number: UInt64
  let name: String
  let crowd: SampleRatings.Crowd
  let quotedRows: Int
  /// One entry an essay that holds line feeds: how many.
  let lineFeeds: [Int]

  func build(_ layout: SampleLayout, ids: [String], random: inout SplitMix64) -> SampleSplit {
    var rowsOf = Array(repeating: 0, count: ids.count)
    for row in layout.rows { rowsOf[layout.essays[row.essay].person] += 1 }
    var people = SamplePopulation(seed: seed, split: number).people(
      ids: ids, rows: rowsOf, carelessPercent: crowd.carelessPercent, random: &random)
    let essays = write(layout, people: people, random: &random)
    let demographicsRows: [Int]
    switch name {
    case "train":
      hideSome(&people, rowsOf: rowsOf, random: &random)
      demographicsRows = Array(people.indices)
    case "dev":
      people[random.below(people.count)].demographics.income = nil
      demographicsRows = Array(people.indices) + random.shuffled(Array(people.indices)).prefix(28)
    default: demographicsRows = present(rowsOf: rowsOf, absentRows: 24, random: &random)
    }
    return SampleSplit(
      name: name, people: people, essays: essays, rows: layout.rows,
      demographicsRows: demographicsRows)
  }

  private func write(
    _ layout: SampleLayout, people: [SamplePerson], random: inout SplitMix64
  ) -> [SampleEssay] {
    // Quirks go to essays with a single row, so that the counts of rows and lines are exact.
    let copies = layout.copies
    let single = layout.essays.indices.filter { copies[$0] == 1 }
    let quoted = Set(random.shuffled(single).prefix(quotedRows))
    let broken = Dictionary(uniqueKeysWithValues: zip(random.shuffled(single), lineFeeds))
    var texts: Set<String> = []
    var essays: [SampleEssay] = []
    for (index, essay) in layout.essays.enumerated() {
      let quirks = EssayComposer.Quirks(
        quote: quoted.contains(index), lineFeeds: broken[index] ?? 0,
        lowerCase: people[essay.person].lowerCase)
      for attempt: UInt64 in 0... {
        let written = self.essay(index, essay, people[essay.person], quirks, attempt)
        guard texts.insert(written.text).inserted else { continue }
        essays.append(written)
        break
      }
    }
    return essays
  }

  private func essay(
    _ index: Int, _ essay: SampleLayout.Essay, _ person: SamplePerson,
    _ quirks: EssayComposer.Quirks, _ attempt: UInt64
  ) -> SampleEssay {
    var random = SplitMix64(seed: seed, labels: [20, number, UInt64(index), attempt])
    var aboutArticle = SplitMix64(seed: seed, labels: [21, UInt64(essay.article)])
    let empathy = person.warmth + 0.35 * aboutArticle.bell() + 0.72 * random.bell()
    let distress = 0.65 * empathy + 0.76 * random.bell()
    let text = EssayComposer(phrases, article: essay.article, seed: seed)
      .compose(empathy: empathy, distress: distress, quirks: quirks, random: &random)
    let labels = SampleRatings(crowd: crowd)
      .labels(empathy: empathy, distress: distress, person: person, random: &random)
    return SampleEssay(
      person: essay.person, article: essay.article, text: text, empathy: empathy,
      distress: distress, labels: labels)
  }

  /// One person of whom nothing is known, one who gave no income, one who earns exactly a million.
  private func hideSome(_ people: inout [SamplePerson], rowsOf: [Int], random: inout SplitMix64) {
    let some = random.shuffled(people.indices.filter { (3...10).contains(rowsOf[$0]) })
    people[some[0]].demographics = SamplePerson.Demographics()
    people[some[1]].demographics.income = nil
    people[some[2]].demographics.income = 1_000_000
  }

  /// All persons but some whose rows add up to `absentRows`.
  private func present(rowsOf: [Int], absentRows: Int, random: inout SplitMix64) -> [Int] {
    var left = absentRows
    var present: [Int] = []
    for person in random.shuffled(Array(rowsOf.indices)) {
      if rowsOf[person] <= left { left -= rowsOf[person] } else { present.append(person) }
    }
    return present.sorted()
  }
}
