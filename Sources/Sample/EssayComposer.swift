import Basics
import Foundation

/// The program's own phrases, of which the essays are made. `{place}` stands for the article's
/// place, `{event}` for what happened and `{victims}` for those harmed.
struct SamplePhrases: Decodable {
  /// The places that articles are set in; none is tied to a real event.
  let places: [String]
  let topics: [Topic]
  let reactions: Reactions

  /// One kind of harm news: what happened, to whom, and what an article on it says. Facts are plain
  /// statements, so that only the reaction sentences carry empathy.
  struct Topic: Decodable {
    let name, quote: String
    let events, victims, facts, remedies: [String]
  }

  /// Sentences by how much empathy or distress they carry: for empathy and closings 0 is
  /// dismissive, 2 neutral and 4 deeply empathetic, for distress 0 is untouched and 3 shaken.
  struct Reactions: Decodable {
    let openings, quoteLeads: [String]
    let empathy, distress, closings: [[String]]
  }

  init() throws {
    self = try JSONDecoder().decode(Self.self, from: Data(PackageResources.phrases_json))
  }
}

/// Builds essays from the phrase tables so that the text carries a given empathy and distress.
struct EssayComposer {
  static let words = 60...150

  /// What an essay must hold beside its text.
  struct Quirks {
    var quote = false
    /// Line feeds inside the text: 0, 1 or 2.
    var lineFeeds = 0
    var lowerCase = false
  }

  let phrases: SamplePhrases
  let topic: SamplePhrases.Topic
  let place, event, victims: String

  /// The article of number `article`; the same number gives the same event everywhere.
  init(_ phrases: SamplePhrases, article: Int, seed: UInt64) {
    self.phrases = phrases
    var random = SplitMix64(seed: seed, labels: [1, UInt64(article)])
    topic = phrases.topics[article % phrases.topics.count]
    place = random.pick(phrases.places)
    event = random.pick(topic.events)
    victims = random.pick(topic.victims)
  }

  /// An essay of 60 to 150 words, whose reaction sentences are drawn around `empathy` and
  /// `distress` (mean 0, SD 1).
  func compose(
    empathy: Double, distress: Double, quirks: Quirks, random: inout SplitMix64
  ) -> String {
    var sentences = [fill(random.pick(phrases.reactions.openings))]
    var body: [String] = []
    body += random.shuffled(topic.facts).prefix(1 + random.below(2))
    let reactions = 3 + random.below(2)
    var left = phrases.reactions.empathy
    for _ in 0..<reactions {
      let level = drawLevel(empathy, among: left.count, random: &random)
      body.append(left[level].remove(at: random.below(left[level].count)))
    }
    body.append(
      random.pick(phrases.reactions.distress[drawLevel(distress, among: 4, random: &random)]))
    if random.chance(percent: 45) { body.append(random.pick(topic.remedies)) }
    if quirks.quote {
      body.append(random.pick(phrases.reactions.quoteLeads).replacing("{quote}", with: topic.quote))
    }
    sentences += random.shuffled(body).map(fill)
    let closing = fill(
      random.pick(phrases.reactions.closings[drawLevel(empathy, among: 5, random: &random)]))
    // Who feels more writes a little more.
    let target = max(Self.words.lowerBound, 64 + random.below(44) + Int((0.5 * empathy).rounded()))
    extend(&sentences, closing: closing, to: target, random: &random)
    sentences.append(closing)
    return finish(sentences, quirks: quirks, random: &random)
  }

  /// Adds neutral sentences until the essay has `target` words.
  private func extend(
    _ sentences: inout [String], closing: String, to target: Int, random: inout SplitMix64
  ) {
    var spare = random.shuffled(topic.facts + phrases.reactions.empathy[2]).map(fill)
      .filter { !sentences.contains($0) }
    var words = Self.wordCount(closing) + sentences.reduce(0) { $0 + Self.wordCount($1) }
    while words < target, let next = spare.popLast() {
      sentences.insert(next, at: 1 + random.below(sentences.count))
      words += Self.wordCount(next)
    }
  }

  private func finish(_ sentences: [String], quirks: Quirks, random: inout SplitMix64) -> String {
    var filled = sentences.map(sentenceCase)
    if quirks.lowerCase { filled = filled.map { $0.lowercased() } }
    let gap = quirks.lineFeeds == 0 ? -1 : 1 + random.below(filled.count - 1)
    var text = ""
    for (index, sentence) in filled.enumerated() {
      if index > 0 { text += index == gap ? String(repeating: "\n", count: quirks.lineFeeds) : " " }
      text += sentence
    }
    return text
  }

  func fill(_ sentence: String) -> String {
    sentence.replacing("{event}", with: event).replacing("{victims}", with: victims)
      .replacing("{place}", with: place)
  }

  private func sentenceCase(_ sentence: String) -> String {
    guard let first = sentence.first else { return sentence }
    return first.uppercased() + sentence.dropFirst()
  }

  /// A level in 0..<`count` around a strength of mean 0 and SD 1.
  func drawLevel(_ strength: Double, among count: Int, random: inout SplitMix64) -> Int {
    let centre = Double(count - 1) / 2
    let value = centre + strength * (Double(count) / 3.6) + 0.6 * random.bell()
    return min(max(Int(value.rounded()), 0), count - 1)
  }

  static func wordCount(_ text: String) -> Int {
    text.utf8.split { $0 == 0x20 || $0 == 0x0A }.count
  }
}
