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

  let topic: SampleTopic
  let place: String
  let event: String
  let victims: String

  /// The article of number `article`; the same number gives the same event everywhere.
  init(article: Int, seed: UInt64) {
    var random = SampleRandom(seed: seed, 1, UInt64(article))
    topic = SampleTopics.all[article % SampleTopics.all.count]
    place = random.pick(SamplePlaces.all)
    event = random.pick(topic.events)
    victims = random.pick(topic.victims)
  }

  /// An essay of 60 to 150 words.
  ///
  /// - Parameters:
  ///   - empathy: mean 0, SD 1; the reaction sentences are drawn around it.
  ///   - distress: likewise.
  func compose(
    empathy: Double, distress: Double, quirks: Quirks, random: inout SampleRandom
  ) -> String {
    var sentences = [random.pick(SampleReactions.openings)]
    var body: [String] = []
    body += random.shuffled(topic.facts).prefix(1 + random.below(2))
    let reactions = 3 + random.below(2)
    var left = SampleReactions.empathy
    for _ in 0..<reactions {
      let level = drawLevel(empathy, among: left.count, random: &random)
      body.append(left[level].remove(at: random.below(left[level].count)))
    }
    body.append(
      random.pick(SampleReactions.distress[drawLevel(distress, among: 4, random: &random)]))
    if random.chance(percent: 45) { body.append(random.pick(topic.remedies)) }
    if quirks.quote {
      body.append(
        random.pick(SampleReactions.quoteLeads).replacing("{quote}", with: topic.quote))
    }
    sentences += random.shuffled(body)
    let closing = random.pick(
      SampleReactions.closings[drawLevel(empathy, among: 5, random: &random)])
    // Who feels more writes a little more.
    let target = max(Self.words.lowerBound, 64 + random.below(44) + Int((0.5 * empathy).rounded()))
    extend(&sentences, closing: closing, to: target, random: &random)
    sentences.append(closing)
    return finish(sentences, quirks: quirks, random: &random)
  }

  /// Adds neutral sentences until the essay has `target` words.
  private func extend(
    _ sentences: inout [String], closing: String, to target: Int, random: inout SampleRandom
  ) {
    var spare = random.shuffled(topic.facts + (SampleReactions.empathy[2]))
      .filter { !sentences.contains($0) }
    while Self.wordCount(sentences.map(fill).joined(separator: " ") + " " + fill(closing)) < target,
      let next = spare.popLast()
    {
      sentences.insert(next, at: 1 + random.below(sentences.count))
    }
  }

  private func finish(
    _ sentences: [String], quirks: Quirks, random: inout SampleRandom
  ) -> String {
    var filled = sentences.map { sentenceCase(fill($0)) }
    if quirks.lowerCase { filled = filled.map { $0.lowercased() } }
    let gap = quirks.lineFeeds == 0 ? -1 : 1 + random.below(filled.count - 1)
    var text = ""
    for (index, sentence) in filled.enumerated() {
      if index > 0 {
        text += index == gap ? String(repeating: "\n", count: quirks.lineFeeds) : " "
      }
      text += sentence
    }
    return text
  }

  private func fill(_ sentence: String) -> String {
    sentence.replacing("{event}", with: event).replacing("{victims}", with: victims)
      .replacing("{place}", with: place)
  }

  private func sentenceCase(_ sentence: String) -> String {
    guard let first = sentence.first else { return sentence }
    return first.uppercased() + sentence.dropFirst()
  }

  /// A level in 0..<`count` around a strength of mean 0 and SD 1.
  private func drawLevel(
    _ strength: Double, among count: Int, random: inout SampleRandom
  ) -> Int {
    let centre = Double(count - 1) / 2
    let value = centre + strength * (Double(count) / 3.6) + 0.6 * random.normal()
    return min(max(Int(value.rounded()), 0), count - 1)
  }

  static func wordCount(_ text: String) -> Int {
    text.split { $0 == " " || $0 == "\n" }.count
  }
}
