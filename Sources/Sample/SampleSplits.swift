import Basics

/// An essay with what lies behind it: the strengths that steer the text, and the labels.
struct SampleEssay: Sendable {
  let person, article: Int
  let text: String
  /// Empathy and distress as the text carries them; mean 0, SD about 1.
  let empathy: Double
  let distress: Double
  let labels: SampleRatings.Labels
}

/// A row of a split: which essay stands in which conversation.
struct SampleRow: Sendable { let conversation, essay: Int }

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
  let train, dev, test: SampleSplit

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
  let seed, number: UInt64
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

/// Who wrote on which article, in which conversation: the skeleton of a split, before any text.
struct SampleLayout {
  /// An essay is a person on an article; a row places it in a conversation.
  struct Essay { let person, article: Int }

  var essays: [Essay] = []
  var rows: [SampleRow] = []

  /// How many rows each essay has.
  var copies: [Int] {
    rows.reduce(into: Array(repeating: 0, count: essays.count)) { $0[$1.essay] += 1 }
  }

  private mutating func add(person: Int, article: Int, conversation: Int) {
    essays.append(Essay(person: person, article: article))
    rows.append(SampleRow(conversation: conversation, essay: essays.count - 1))
  }

  /// 1000 rows of 75 persons in 500 conversations, five on each of 100 articles; 999 essays.
  static func train(articles: [Int], random: inout SplitMix64) -> SampleLayout {
    precondition(articles.count == 100, "train has a hundred articles")
    var left = trainCounts(&random)
    var layout = SampleLayout()
    var repeated = false
    for (block, article) in articles.enumerated() {
      // Whoever has most essays left comes first: then everyone gets their number, and nobody
      // writes twice on an article.
      let order = random.shuffled(Array(left.indices)).sorted { left[$0] > left[$1] }
      for person in order.prefix(10) { left[person] -= 1 }
      let writers = random.shuffled(Array(order.prefix(10)))
      for (seat, person) in writers.enumerated() {
        let conversation = 5 * block + seat / 2 + 1
        if !repeated, seat == 9, person == order[0] || person == order[1] {
          // The one essay that stands in two rows; this person has dozens of others.
          layout.rows.append(SampleRow(conversation: conversation, essay: layout.essays.count - 9))
          repeated = true
        } else {
          layout.add(person: person, article: article, conversation: conversation)
        }
      }
    }
    return layout
  }

  /// A few persons write dozens of essays, most write one to five: 75 numbers that add up to 1000.
  private static func trainCounts(_ random: inout SplitMix64) -> [Int] {
    var counts: [Int] = []
    var size = 88_000
    for _ in 0..<75 {
      counts.append(max(1, size / 1000))
      size = size * 906 / 1000
    }
    var missing = 1000 - counts.reduce(0, +)
    var index = 20
    while missing != 0 {
      counts[index] += missing > 0 ? 1 : -1
      missing -= missing > 0 ? 1 : -1
      index = index == 34 ? 20 : index + 1
    }
    return random.shuffled(counts)
  }

  /// 63 rows of 46 persons in 33 conversations, three on each of 11 articles; 46 essays, 17 of
  /// which stand in a second conversation as well.
  static func dev(articles: [Int], random: inout SplitMix64) -> SampleLayout {
    precondition(articles.count == 11, "dev has eleven articles")
    var layout = SampleLayout()
    var conversation = 68
    for (block, article) in articles.enumerated() {
      let seats = block < 8 ? 6 : 5
      let repeats = block < 6 ? 2 : 1
      let conversations = (0..<3).map { _ in
        conversation += 1 + random.below(4)
        return conversation
      }
      let first = layout.essays.count
      for seat in 0..<seats - repeats {
        layout.add(
          person: layout.essays.count, article: article, conversation: conversations[seat % 3])
      }
      for seat in seats - repeats..<seats {
        let room = conversations[seat % 3]
        let free = (first..<layout.essays.count).filter { essay in
          let places = layout.rows.filter { $0.essay == essay }
          return places.count == 1 && places.allSatisfy { $0.conversation != room }
        }
        precondition(!free.isEmpty, "an essay from another conversation is there to repeat")
        layout.rows.append(SampleRow(conversation: room, essay: random.pick(free)))
      }
    }
    layout.rows.sort { ($0.conversation, $0.essay) < ($1.conversation, $1.essay) }
    return layout
  }

  /// 83 rows of 57 persons in 67 conversations on 14 articles.
  static func test(articles: [Int], random: inout SplitMix64) -> SampleLayout {
    precondition(articles.count == 14, "test has fourteen articles")
    var seats = (0..<14).map { $0 < 13 ? 6 : 5 }
    var writers: [[Int]] = Array(repeating: [], count: 14)
    let counts =
      [6, 5, 3, 3, 3, 3] + Array(repeating: 2, count: 9) + Array(repeating: 1, count: 42)
    for (person, count) in counts.enumerated() {
      let order = random.shuffled(Array(0..<14)).sorted { seats[$0] > seats[$1] }
      for block in order.prefix(count) {
        seats[block] -= 1
        writers[block].append(person)
      }
    }
    var layout = SampleLayout()
    var conversation = 396
    for block in random.shuffled(Array(0..<14)) {
      let people = random.shuffled(writers[block])
      let shared = block < 2 ? 4 : 2  // rows whose conversation holds two persons
      for (seat, person) in people.enumerated() {
        if seat >= shared || seat % 2 == 0 { conversation += 1 + random.below(3) }
        layout.add(person: person, article: articles[block], conversation: conversation)
      }
    }
    return layout
  }
}
