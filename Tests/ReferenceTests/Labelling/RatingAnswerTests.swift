import Foundation
import Reference
import TestSupport
import Testing

@Suite("Answers of models")
struct RatingAnswerTests {
  static let items = RatingPrompt.batsonItems
  static let six = [4, 5, 4.5, 3, 2.5, 5]

  @Test(
    "Readable answers, and what was put up with",
    arguments: [
      ("4, 5, 4.5, 3, 2.5, 5", []), ("4.0,5.0,4.50,3,2.5,5.0\n", []),
      (" 4; 5; 4.5; 3; 2.5; 5 ", []),
      ("4\n5\n4.5\n3\n2.5\n5", []), ("4, 5, 4.5, 3, 2.5, 5.", []),
      ("```\n4, 5, 4.5, 3, 2.5, 5\n```", [.codeFence]),
      ("```text\n4, 5, 4.5, 3, 2.5, 5\n```\nThese are", [.codeFence, .trailingProse]),
      ("```4, 5, 4.5, 3, 2.5, 5```", [.codeFence]),
      (
        "sympathetic: 4, moved: 5, compassionate: 4.5, tender: 3, warm: 2.5, softhearted: 5",
        [.labels]
      ),
      (
        "Moved = 5\nSympathetic = 4\nTender: 3\nWarm: 2.5\nSofthearted: 5\nCompassionate: 4.5",
        [.labels]
      ),
      (
        "- **sympathetic**: 4\n- **moved**: 5\n- **compassionate**: 4.5\n- **tender**: 3\n- **warm**: 2.5\n- **softhearted**: 5",
        [.labels]
      ),
      (
        "1. Sympathetic: 4\n2. Moved: 5\n3. Compassionate: 4.5\n4. Tender: 3\n5. Warm: 2.5\n6. Softhearted: 5\n\nThe writer",
        [.labels, .trailingProse]
      ),
      ("4, 5, 4.5, 3, 2.5, 5\n\nThe writer feels sorry (4 of 7).", [.trailingProse]),
      ("4, 5, 4.5, 3, 2.5, 5 (in that order)", [.trailingProse]),
      ("4, 5, 4.5, 3, 2.5, 5. The writer", [.trailingProse]),
      ("<think>\n1, 1?\n</think>\n\n4, 5, 4.5, 3, 2.5, 5", [.thinking]),
      ("1, 1?</think>4, 5, 4.5, 3, 2.5, 5", [.thinking]),
      ("[4, 5, 4.5, 3, 2.5, 5]", [.json]),
      (
        #"{"Moved": 5, "sympathetic": "4", "compassionate": 4.5, "tender": 3, "warm": 2.5, "softhearted": 5, "why": "}"}"#,
        [.json]
      ),
      (
        "```json\n{\"scores\": [4, 5, 4.5, 3, 2.5, 5]}\n```\nSo",
        [.codeFence, .json, .trailingProse]
      ),
    ] as [(String, Set<RatingAnswer.Tolerance>)])
  func readable(_ text: String, _ tolerated: Set<RatingAnswer.Tolerance>) throws {
    let answer = try #require(RatingAnswer(text, items: Self.items))
    #expect(answer.scores == Self.six)
    #expect(answer.tolerated == tolerated)
  }

  @Test(
    "Unreadable answers",
    arguments: [
      "", "I can't do that.", "4, 5, 4.5, 3, 2.5", "4, 5, 4.5, 3, 2.5, 5, 6", "4 5 4.5 3 2.5 5",
      "4, 5, 4.5, 3, 2.5, 8", "4, 5, 4.5, 3, 2.5, 0.9", "4, 5, NaN, 3, 2.5, 5",
      "4, 5, inf, 3, 2.5, 5", "4, 5, -4, 3, 2.5, 5", "4/7, 5/7, 4/7, 3/7, 2/7, 5/7",
      "4, 5, 4.5.1, 3, 2.5, 5", "4, 5, 4e0, 3, 2.5, 5", "Scores: 4, 5, 4.5, 3, 2.5, 5",
      "sympathetic: 4, 5, 4.5, 3, 2.5, 5", "4, 5, 4.5, 3, 2.5, 5\n6", "4,5,4,3,2,5x",
      "moved: 4, moved: 5, compassionate: 4.5, tender: 3, warm: 2.5, softhearted: 5",
      "٤, ٥, ٤, ٣, ٢, ٥", "4-5, 5, 4.5, 3, 2.5, 5", "{\"sympathetic\": 4}",
      "<think>4, 5, 4.5, 3, 2.5, 5", "[4, 5, 4.5, 3, 2.5]", "[4, 5, 4.5, 3, 2.5, 8]",
      "[4, 5, 4.5, 3, 2.5, 5", "{\"scores\": null}",
    ])
  func unreadable(_ text: String) {
    #expect(RatingAnswer(text, items: Self.items) == nil)
  }

  @Test(
    "The plain prompt takes one score",
    arguments: [
      "4.5", "empathy: 4.5", "4.5\n\nThe writer", #"{"empathy": 4.5}"#, #"{"score": 4.5}"#,
    ])
  func plain(_ text: String) {
    #expect(RatingAnswer(text, items: RatingPrompt.plain.items)?.mean == 4.5)
  }

  @Test("One score must not be the number of a list", arguments: ["1. The score is 4", "2) 5"])
  func listNumber(_ text: String) {
    #expect(RatingAnswer(text, items: RatingPrompt.plain.items) == nil)
  }

  @Test("No answer of random characters traps", arguments: UInt64(1)...3)
  func fuzz(seed: UInt64) {
    var state = seed
    let pool = Array("0123456789.,;:=-*`\n \tsympatheticmoved/eé٤")
    for _ in 0..<20_000 {
      var text = ""
      for _ in 0..<Int(state >> 60) {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text.append(pool[Int(state >> 33) % pool.count])
      }
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      if let answer = RatingAnswer(text, items: ["moved", "warm"]) {
        #expect(answer.scores.allSatisfy { (1...7).contains($0) } && answer.scores.count == 2)
      }
    }
  }

  @Test("The digest of a prompt depends on all that the model is told, and not on its name")
  func digest() {
    let prompt = RatingPrompt.plain
    let renamed = RatingPrompt(
      name: "x", items: prompt.items, system: prompt.system, template: prompt.template)
    #expect(renamed.digest == prompt.digest)
    let other = RatingPrompt(
      name: prompt.name, items: prompt.items, system: prompt.system + ".",
      template: prompt.template)
    #expect(other.digest != prompt.digest)
    #expect(prompt.digest.count == 64)
  }

  @Test("An essay can't end its own fence")
  func fence() {
    let text = RatingPrompt.plain.userText(for: "a ``` b {essay}")
    #expect(text == "```\na ''' b {essay}\n```")
  }

  @Test("A prompt file has a system part and one place for the essay")
  func promptFile() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("Be fair.\r\n---\r\nRate: {essay}\n", to: "mine.txt")
    let prompt = try RatingPrompt.load(file, items: ["empathy"])
    #expect(prompt.system == "Be fair.")
    #expect(prompt.userText(for: "hm") == "Rate: hm")
    let bad = try folder.write("Rate", to: "bad.txt")
    #expect(throws: ReferenceError.self) { try RatingPrompt.load(bad, items: ["empathy"]) }
  }
}
