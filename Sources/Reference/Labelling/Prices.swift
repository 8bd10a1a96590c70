public import Foundation

/// Prices of tokens in US dollars per million, by model.
public struct Prices: Sendable, Equatable {
  public struct Price: Codable, Sendable, Equatable {
    /// Dollars per million tokens sent, and per million received.
    public let prompt, answer: Double

    public init(prompt: Double, answer: Double) { (self.prompt, self.answer) = (prompt, answer) }

    /// The price of a batch: half, at OpenAI as at Groq.
    var inBatch: Price { Price(prompt: prompt / 2, answer: answer / 2) }

    /// Dollars for these numbers of tokens.
    public func cost(promptTokens: Int, answerTokens: Int) -> Double {
      (Double(promptTokens) * prompt + Double(answerTokens) * answer) / 1e6
    }
  }

  public let models: [String: Price]

  public init(_ models: [String: Price] = [:]) { self.models = models }

  /// The month of the built-in prices.
  public static let builtInMonth = "May 2026"

  /// List prices without batch or cache discounts: OpenAI's as of May 2026
  /// (platform.openai.com/docs/pricing), Groq's for Llama 3.3 70B as of October 2025
  /// (console.groq.com/docs/models) and for Llama 3 70B at the end of its service (groq.com/pricing).
  public static let builtIn = Prices([
    "gpt-4o": Price(prompt: 2.5, answer: 10), "gpt-4o-mini": Price(prompt: 0.15, answer: 0.6),
    "llama-3.3-70b-versatile": Price(prompt: 0.59, answer: 0.79),
    "llama3-70b-8192": Price(prompt: 0.59, answer: 0.79),
  ])

  /// These prices, with those of `other` replacing them model by model.
  public func overridden(by other: Prices) -> Prices {
    Prices(models.merging(other.models) { _, own in own })
  }

  /// The prices of a JSON file, such as `{"gpt-4o": {"prompt": 2.5, "answer": 10}}`. Throws
  /// ``ReferenceError``, also where a price is negative.
  public static func load(_ file: URL) throws(ReferenceError) -> Prices {
    let data = try ReferenceError.read(file, expected: "prices by model")
    guard let own = try? JSONDecoder().decode([String: Price].self, from: data),
      own.values.allSatisfy({ $0.prompt >= 0 && $0.answer >= 0 })
    else {
      let form = #"0 or more by model, such as {"gpt-4o": {"prompt": 2.5, "answer": 10}}"#
      throw .invalid(file, found: "something else", expected: "prices of \(form)")
    }
    return Prices(own)
  }

  /// A rough count of a text's tokens: four bytes a token.
  public static func estimatedTokens(_ text: String) -> Int { text.utf8.count / 4 + 1 }
}
