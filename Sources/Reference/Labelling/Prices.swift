public import Foundation

/// What tokens cost, in US dollars a million, by model name.
///
/// None are built in: prices change, and a wrong one would make a cap on spend a false promise. They
/// come from a price file; a model that is not in it has no price.
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

  public init(_ models: [String: Price] = [:]) { self.models = models }

  /// The prices of a JSON file, such as `{"gpt-4o": {"prompt": 2.5, "answer": 10}}`.
  ///
  /// - Throws: `LabellingError.file`, also where a price is negative.
  public static func load(_ file: URL) throws(LabellingError) -> Prices {
    do {
      let own = try JSONDecoder().decode([String: Price].self, from: Data(contentsOf: file))
      guard own.values.allSatisfy({ $0.prompt >= 0 && $0.answer >= 0 }) else {
        throw LabellingError.file(path: file.path, reason: "a price is negative")
      }
      return Prices(own)
    } catch let error as LabellingError {
      throw error
    } catch {
      throw .file(path: file.path, reason: "expected prices by model: \(error)")
    }
  }

  /// A rough count of a text's tokens, for estimates before anything is sent: four bytes a token.
  public static func estimatedTokens(_ text: String) -> Int { text.utf8.count / 4 + 1 }
}
