import Basics

/// Which track of WASSA 2024 a sample is like.
public enum SampleTrack: String, CaseIterable, Sendable {
  /// Essays: sample24 itself.
  case emp
  /// Persons in conversations.
  case convd
  /// Turns of conversations.
  case convt
  /// Personality of persons.
  case per

  /// The benchmark that reads the files.
  public var benchmark: String { self == .emp ? "sample24" : "sample24-\(rawValue)" }
}

/// The files of another track than essays, made of sample24's persons and conversations: a train and a
/// dev split, whose labels stand in a file of their own, and two simulated systems.
struct SampleTrackFiles {
  let track: SampleTrack
  let phrases: SamplePhrases
  let splits: SampleSplits
  let seed: UInt64

  /// A split's table with what it hides, a row each.
  struct Table {
    var header: [String]
    var lines: [[String]] = []
    var labels: [[Double]] = []

    var text: String {
      ([header] + lines).map { $0.joined(separator: ",") + "\n" }.joined()
    }
  }

  private var name: String { track.rawValue.uppercased() }

  /// Path below the sample's folder, and content.
  func all() throws -> [(path: String, text: String)] {
    let (train, dev) = (table(splits.train), table(splits.dev))
    let gold = dev.labels.map { row in
      row.map { SampleFiles.shortest($0, 4) }.joined(separator: "\t") + "\n"
    }
    let essays = SampleFiles(splits: splits)
    var files = [("goldstandard_\(name).tsv", gold.joined())]
    switch track {
    case .convd:
      files += [("trac1_CONVD_train.csv", train.text), ("trac1_CONVD_dev.csv", dev.text)]
    case .convt:
      files += [("trac2_CONVT_train.csv", train.text), ("trac2_CONVT_dev.csv", dev.text)]
    case .emp, .per: break
    }
    files += [
      ("trac4_PER_train.csv", essays.demographics(splits.train)),
      ("trac4_PER_dev.csv", essays.demographics(splits.dev, hidesPersonality: true)),
    ]
    for (slug, title, noise) in [("strong", "Little noise", 0.5), ("weak", "Much noise", 1.6)] {
      let card = SampleSystems.Card(
        team: "Sample team \(slug)", system: title,
        description: "Simulated: the labels and normal noise of \(noise) standard deviations.",
        kind: "baseline")
      files.append(
        (
          "systems/\(slug)/system.json",
          String(decoding: try CanonicalJSON.document(card), as: UTF8.self)
        ))
      files.append(("systems/\(slug)/predictions_\(name).tsv", predictions(dev.labels, noise)))
    }
    return files
  }

  /// Train and dev in numbers.
  var summaries: [SampleSummary.Split] {
    [splits.train, splits.dev].map { split in
      let essays = split.rows.map { split.essays[$0.essay] }
      let persons = track == .per ? split.demographicsRows : essays.map(\.person)
      return SampleSummary.Split(
        name: split.name, rows: table(split).labels.count, essays: nil,
        persons: Set(persons).count,
        articles: track == .per ? nil : Set(essays.map(\.article)).count)
    }
  }

  private func table(_ split: SampleSplit) -> Table {
    switch track {
    case .convd: sides(split)
    case .convt: turns(split)
    case .emp, .per: persons(split)
    }
  }

  private func number(_ split: SampleSplit) -> UInt64 { split.name == "train" ? 0 : 1 }

  /// Labels with noise in units of each column's spread, within what the labels reach.
  private func predictions(_ labels: [[Double]], _ noise: Double) -> String {
    var random = SplitMix64(
      seed: seed, labels: [53, UInt64(10 * noise), UInt64(track.rawValue.count)])
    let columns = (labels.first ?? []).indices.map { place in labels.map { $0[place] } }
    let spreads = columns.map { column in
      let mean = column.reduce(0, +) / Double(column.count)
      let squares = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return (squares / Double(column.count)).squareRoot()
    }
    return labels.map { row in
      row.enumerated().map { place, label in
        let value = label + noise * spreads[place] * random.bell()
        let (low, high) = (columns[place].min() ?? 0, columns[place].max() ?? 0)
        return SampleFiles.decimals(min(max(value, low), high), 4)
      }.joined(separator: "\t") + "\n"
    }.joined()
  }
}

/// Track 4: the persons of the demographics files, some of them several times.
extension SampleTrackFiles {
  /// Of the traits as the organisers' files without a header have them, places in
  /// ``SamplePerson/personality``.
  private static let traits = [1, 0, 2, 3, 4]

  private func persons(_ split: SampleSplit) -> Table {
    var table = Table(header: [])
    table.labels = split.demographicsRows.map { person in
      Self.traits.map { split.people[person].personality[$0] }
    }
    return table
  }
}

/// Track 1: how much empathy a person saw in the other one of a conversation, 1 to 7; two clicks of
/// train lie above.
extension SampleTrackFiles {
  private func sides(_ split: SampleSplit) -> Table {
    let isTrain = split.name == "train"
    var table = Table(header: [
      "id", "conversation_id", "article_id", isTrain ? "person_id_1" : "person_id",
      "this_persons_perceived_empathy_of_other_person",
    ])
    let rooms = Dictionary(grouping: split.rows, by: \.conversation)
    for (index, row) in split.rows.enumerated() {
      var random = SplitMix64(seed: seed, labels: [50, number(split), UInt64(index)])
      let (essay, person) = (split.essays[row.essay], split.person(of: row))
      let other = rooms[row.conversation]?.first { split.essays[$0.essay].person != essay.person }
      let carried = other.map { split.essays[$0.essay].empathy } ?? random.bell()
      let felt = 4.4 + 1.1 * carried + 0.6 * person.leniency + 0.8 * random.bell()
      var label = min(max(felt.rounded(), 1), 7)
      if isTrain, index == 250 || index == 750 { label = index == 250 ? 8 : 9 }
      table.labels.append([label])
      table.lines.append([
        "\(index + 1)", "\(row.conversation)", "\(essay.article)", person.id,
        isTrain ? SampleFiles.shortest(label, 1) : "NULL",
      ])
    }
    return table
  }
}

/// Track 2: turns, rated by three. A polarity is asked for on 0 to 2; a few turns of train have a 3.
extension SampleTrackFiles {
  private struct Conversation {
    var id, article, turns: Int
    var persons: [SamplePerson]
  }

  /// The conversations of a split, with as many turns in all as the real one has.
  private func conversations(_ split: SampleSplit, turns: Int) -> [Conversation] {
    var random = SplitMix64(seed: seed, labels: [51, number(split)])
    let rooms = Dictionary(grouping: split.rows, by: \.conversation).sorted { $0.key < $1.key }
    var all = rooms.enumerated().map { place, room in
      let essays = room.value.map { split.essays[$0.essay] }
      var persons: [Int] = []
      for essay in essays where !persons.contains(essay.person) { persons.append(essay.person) }
      if persons.count == 1 {
        persons.append((persons[0] + 1 + random.below(split.people.count - 1)) % split.people.count)
      }
      return Conversation(
        id: room.key, article: essays[0].article,
        turns: turns / rooms.count + (place < turns % rooms.count ? 1 : 0),
        persons: persons.prefix(2).map { split.people[$0] })
    }
    for place in stride(from: 1, to: all.count, by: 2) {
      let moved = random.below(9)
      all[place - 1].turns -= moved
      all[place].turns += moved
    }
    return all
  }

  private func turns(_ split: SampleSplit) -> Table {
    let isTrain = split.name == "train"
    let total = isTrain ? 11_166 : 990
    let labels = ["Emotion", "EmotionalPolarity", "Empathy", "SelfDisclosure"]
    var table = Table(
      header: ["id", "article_id", "conversation_id", "turn_id"]
        + (isTrain ? ["speaker", "text"] : ["speaker_id", "text", "person_id"])
        + ["person_id_1", "person_id_2"] + labels)
    var random = SplitMix64(seed: seed, labels: [52, number(split)])
    let quoted = Set(random.shuffled(Array(0..<total)).prefix(isTrain ? 181 : 26))
    for room in conversations(split, turns: total) {
      let composer = EssayComposer(phrases, article: room.article, seed: seed)
      for turn in 0..<room.turns {
        let seat = (turn + (random.chance(percent: 10) ? 1 : 0)) % 2
        let person = room.persons[seat]
        let empathy = person.warmth + 0.8 * random.bell()
        let text = composer.turn(
          empathy: empathy, isQuoted: quoted.contains(table.lines.count), random: &random)
        var ratings = rated(empathy: empathy, random: &random)
        // Two raters of three gave a 3, which the question did not offer.
        if isTrain, table.lines.count % 4001 == 17 { ratings[1] = 8.0 / 3 }
        let ids = room.persons.map(\.id)
        table.lines.append(
          ["\(table.lines.count + 1)", "\(room.article)", "\(room.id)", "\(turn + 1)"]
            + (isTrain ? ["Person \(seat + 1)"] : [person.id]) + [SampleFiles.quoted(text)]
            + (isTrain ? [] : [person.id]) + ids
            + ratings.map { isTrain ? SampleFiles.shortest($0, 4) : "NULL" })
        table.labels.append(Array(ratings.prefix(3)))
      }
    }
    return table
  }

  /// Emotion, polarity, empathy and self-disclosure: means of three raters' whole numbers.
  private func rated(empathy: Double, random: inout SplitMix64) -> [Double] {
    let intensity = 0.7 * empathy + 0.7 * random.bell()
    func mean(_ centre: Double, _ spread: Double, to high: Double) -> Double {
      let given = (0..<3).map { _ in min(max((centre + spread * random.bell()).rounded(), 0), high)
      }
      return given.reduce(0, +) / 3
    }
    return [
      mean(2.2 + 1.1 * intensity, 0.7, to: 5), mean(1.2 + 0.6 * intensity, 0.4, to: 2),
      mean(2 + 1.3 * empathy, 0.7, to: 5), mean(1.5 + 0.5 * intensity, 0.8, to: 4),
    ]
  }
}

extension EssayComposer {
  /// One or two sentences whose empathy is drawn around `empathy` (mean 0, SD 1).
  fileprivate func turn(empathy: Double, isQuoted: Bool, random: inout SplitMix64) -> String {
    let level = drawLevel(empathy, among: phrases.reactions.empathy.count, random: &random)
    var sentences = [random.pick(phrases.reactions.empathy[level])]
    if random.chance(percent: 25) { sentences.append(random.pick(topic.facts)) }
    if isQuoted {
      sentences.append(
        random.pick(phrases.reactions.quoteLeads).replacing("{quote}", with: topic.quote))
    }
    return sentences.map(fill).joined(separator: " ")
  }
}
