import Basics
import Foundation

/// How a model draws its answers, and their form. It is a part of what is asked.
public struct ChatSettings: Codable, Hashable, Sendable {
  /// From 0 (the most likely token each time) to 2.
  public var temperature = 0.0
  /// The share of the probability that tokens are drawn from, above 0 and up to 1.
  public var topP = 0.01
  /// The seed sent with the first sample of an essay; each further sample's is one more.
  public var seed: Int?
  public var format = Format.text

  public enum Format: String, Codable, Sendable, CaseIterable {
    case text
    /// Structured outputs: an object with a number for each of the prompt's items.
    case jsonSchema = "json_schema"
  }

  public init() {}
}

/// The body of a request for a chat completion.
package struct ChatRequest: Encodable, Sendable {
  package struct Message: Encodable, Sendable { package let role, content: String }

  package let model: String
  package let messages: [Message]
  package let temperature, topP: Double
  package let seed: Int?
  package let responseFormat: ResponseFormat?

  enum CodingKeys: String, CodingKey {
    case model, messages, temperature, seed
    case topP = "top_p"
    case responseFormat = "response_format"
  }

  /// An object with a score for each item and nothing else.
  package struct ResponseFormat: Encodable, Sendable {
    enum Form: Sendable {
      /// OpenAI's: `{"type": "json_schema", "json_schema": {"schema": …}}`.
      case jsonSchema
      /// That of llama-cpp-python and some others: `{"type": "json_object", "schema": …}`.
      case jsonObject
    }

    let form: Form
    let schema: Scores

    enum CodingKeys: String, CodingKey {
      case type, schema
      case named = "json_schema"
    }

    struct NamedSchema: Encodable, Sendable {
      let name = "scores"
      let strict = true
      let schema: Scores
    }

    package func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: CodingKeys.self)
      switch form {
      case .jsonSchema:
        try values.encode("json_schema", forKey: .type)
        try values.encode(NamedSchema(schema: schema), forKey: .named)
      case .jsonObject:
        try values.encode("json_object", forKey: .type)
        try values.encode(schema, forKey: .schema)
      }
    }

    struct Scores: Encodable, Sendable {
      let type = "object"
      let properties: [String: Score]
      let required: [String]
      let additionalProperties = false
    }

    struct Score: Encodable, Sendable {
      let type = "number"
      let minimum, maximum: Double
      /// Many servers do not hold numbers to a minimum and a maximum, but all hold them to a list.
      let `enum`: [Double]?
    }

    init(_ prompt: RatingPrompt, _ form: Form) {
      self.form = form
      let range = prompt.range
      let tenths = (range.lowerBound * 10).rounded(.up)...(range.upperBound * 10).rounded(.down)
      let count = Int(tenths.upperBound - tenths.lowerBound) + 1
      let score = Score(
        minimum: range.lowerBound, maximum: range.upperBound,
        enum: count <= 101 ? (0..<count).map { (tenths.lowerBound + Double($0)) / 10 } : nil)
      schema = Scores(
        properties: Dictionary(uniqueKeysWithValues: prompt.items.map { ($0, score) }),
        required: prompt.items)
    }
  }
}

/// A model's answer, and what the server says of it.
public struct ChatAnswer: Sendable, Equatable {
  /// Empty where the model gave no text.
  public let text: String
  /// The model that answered, by the server's name for it, such as a dated version.
  public var model: String?
  /// The server's name of the state of its machines, which answers depend on.
  public var systemFingerprint: String?
  /// Why the answer ends: `stop`, or `length` where it was cut off.
  public var finishReason: String?
  /// The counts of tokens, as the server names them; those of details after a dot.
  public var usage: [String: Int]

  public var promptTokens: Int? { usage["prompt_tokens"] }
  public var answerTokens: Int? { usage["completion_tokens"] }

  package init(_ text: String, usage: [String: Int] = [:]) {
    (self.text, self.usage) = (text, usage)
  }

  /// Reads a chat completion; `excerpt` shortens it for a message.
  init(_ body: Data, excerpt: (Data) -> String) throws(ReferenceError.ChatProblem) {
    guard let json = try? ByteJSON(Array(body)) else {
      throw .badResponse(expected: "a chat completion", found: excerpt(body))
    }
    guard let answer = ChatAnswer(json) else {
      throw .badResponse(expected: "choices[0].message.content", found: excerpt(body))
    }
    self = answer
  }

  /// The completion in `json`, or nil where it is none. A model that refuses, or whose answer ended
  /// before its text began, has answered, and is paid for it.
  init?(_ json: ByteJSON) {
    let choice = json["choices"]?.array?.first
    guard let message = choice?["message"], message.members != nil else { return nil }
    let content = message["content"]
    guard content?.string != nil || content == nil || content?.isNull == true else { return nil }
    text = content?.string ?? message["refusal"]?.string ?? ""
    (model, systemFingerprint) = (json["model"]?.string, json["system_fingerprint"]?.string)
    finishReason = choice?["finish_reason"]?.string
    usage = [:]
    count(json["usage"], after: "")
  }

  private mutating func count(_ json: ByteJSON?, after prefix: String) {
    for member in json?.members ?? [] {
      let name = prefix + String(decoding: member.name, as: UTF8.self)
      if let count = member.value.count { usage[name] = count }
      count(member.value, after: name + ".")
    }
  }
}
