import Basics

/// Who wrote on which article, in which conversation: the skeleton of a split, before any text.
struct SampleLayout {
  /// An essay is a person on an article; a row places it in a conversation.
  struct Essay {
    let person: Int
    let article: Int
  }

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
