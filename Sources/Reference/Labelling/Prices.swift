public import Foundation

/// What tokens cost, in US dollars a million, by model name.
///
/// The built-in figures are list prices as they stood in 2024 and serve for estimates; a price file
/// overrides them. A model that is not listed has no price.
public struct Prices: Sendable, Equatable {
  public struct Price: Codable, Sendable, Equatable {
    /// Dollars a million tokens sent.
    public var prompt: Double
    /// Dollars a million tokens received.
    public var answer: Double

    public init(prompt: Double, answer: Double) {
      self.prompt = prompt
      self.answer = answer
    }

    /// Dollars for so many tokens.
    public func cost(promptTokens: Int, answerTokens: Int) -> Double {
      (Double(promptTokens) * prompt + Double(answerTokens) * answer) / 1e6
    }
  }

  public var models: [String: Price]

  public init(_ models: [String: Price] = Self.builtIn) { self.models = models }

  public static let builtIn: [String: Price] = [
    "gpt-4o": Price(prompt: 2.5, answer: 10),
    "gpt-4o-mini": Price(prompt: 0.15, answer: 0.6),
    "llama3-70b-8192": Price(prompt: 0.59, answer: 0.79),
    "llama-3.3-70b-versatile": Price(prompt: 0.59, answer: 0.79),
  ]

  /// The built-in prices with those of a JSON file over them, such as
  /// `{"gpt-4o": {"prompt": 2.5, "answer": 10}}`.
  public static func load(_ file: URL) throws(LabellingError) -> Prices {
    do {
      let own = try JSONDecoder().decode([String: Price].self, from: Data(contentsOf: file))
      guard own.values.allSatisfy({ $0.prompt >= 0 && $0.answer >= 0 }) else {
        throw LabellingError.file(path: file.path, reason: "a price is negative")
      }
      return Prices(builtIn.merging(own) { $1 })
    } catch let error as LabellingError {
      throw error
    } catch {
      throw .file(path: file.path, reason: "expected prices by model: \(error)")
    }
  }

  /// A rough count of a text's tokens, for estimates before anything is sent: four bytes a token.
  public static func estimatedTokens(_ text: String) -> Int { text.utf8.count / 4 + 1 }
}
