import Basics
import Foundation
import Reference
import TestSupport
import Testing

@Suite("Waiting and paying")
struct WaitingAndPriceTests {
  @Test("Waits stay below their bound, grow, and keep to what the server asked for")
  func backoff() {
    let backoff = Backoff(firstSeconds: 1, maxSeconds: 8)
    var generator = SplitMix64(seed: 7)
    for (retry, bound) in [(0, 1.0), (1, 2.0), (3, 8.0), (4, 8.0), (1_000, 8.0)] {
      let waits = (0..<200).map { _ in
        backoff.seconds(beforeRetry: retry, retryAfter: nil, using: &generator)
      }
      #expect(waits.allSatisfy { (0...bound).contains($0) })
      // Of 200 uniform waits none in the upper half has a chance of 2 to the -200.
      #expect((waits.max() ?? 0) > bound / 2)
    }
    #expect(backoff.seconds(beforeRetry: 0, retryAfter: 30, using: &generator) == 30)
  }

  @Test("Retry-After is read as seconds or as a date")
  func retryAfter() throws {
    #expect(ChatClient.retryAfter("7") == 7)
    #expect(ChatClient.retryAfter(" 0.5 ") == 0.5)
    #expect(ChatClient.retryAfter("-1") == nil)
    #expect(ChatClient.retryAfter("nan") == nil)
    #expect(ChatClient.retryAfter("soon") == nil)
    #expect(ChatClient.retryAfter("Wed, 21 Oct 2015 07:28:00 GMT") == 0)
    let far = try #require(ChatClient.retryAfter("Wed, 21 Oct 2099 07:28:00 GMT"))
    #expect(far > 1e8)
  }

  @Test("Prices of a file stand in place of the built-in ones, and a negative one is refused")
  func prices() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      #"{"gpt-4o": {"prompt": 1, "answer": 2}, "mine": {"prompt": 0, "answer": 0}}"#,
      to: "prices.json")
    let prices = try Prices.load(file)
    let cost = prices.models["gpt-4o"]?.cost(promptTokens: 1_000_000, answerTokens: 500_000)
    #expect(cost == 2)
    #expect(prices.models["mine"] == Prices.Price(prompt: 0, answer: 0))
    #expect(prices.models.count == 2 && Prices().models.isEmpty)
    let chosen = Prices.builtIn.overridden(by: prices)
    #expect(chosen.models["gpt-4o"] == prices.models["gpt-4o"])
    #expect(chosen.models["gpt-4o-mini"] == Prices.builtIn.models["gpt-4o-mini"])
    #expect(chosen.models.count == Prices.builtIn.models.count + 1)
    let negative = try folder.write(#"{"a": {"prompt": -1, "answer": 2}}"#, to: "bad.json")
    #expect(throws: ReferenceError.self) { try Prices.load(negative) }
  }
}
