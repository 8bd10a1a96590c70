public import Foundation

/// The prompts of arXiv 2501.00691 as its authors' program `src/llm_labels.py` sends them, read from
/// that file. The essay comes before the question and stands as it is, with triple backticks and all;
/// temperature and top_p are those of ``ChatSettings``. After an answer that it cannot read, that
/// program asks Groq's model a second time, also where OpenAI's was asked first: here the same model
/// is asked again.
public enum PaperPrompt: String, Sendable, CaseIterable {
  case scaleAware = "paper-scale-aware"
  case plain = "paper-plain"

  /// The prompt in `source`, a file of the form of `src/llm_labels.py`. Throws ``ReferenceError``
  /// with the place of what is not as expected there.
  public func prompt(from source: URL) throws(ReferenceError) -> RatingPrompt {
    let python = try PythonSource(contentsOf: source)
    let suffix = self == .scaleAware ? "scale_aware" : "plain"
    let system = try python.literal(after: "as_system(", in: "completion_\(suffix)")
    let user = try python.literal(after: "content = ", in: "as_user_\(suffix)")
    func fields(_ parts: [PythonSource.Part]) -> [PythonSource.Part] {
      parts.filter { if case .field = $0 { true } else { false } }
    }
    guard fields(system).isEmpty, fields(user) == [.field("essay")] else {
      throw .invalid(
        source, found: "other fields in the prompt",
        expected: "{essay} once in as_user_\(suffix) and none in completion_\(suffix)")
    }
    return RatingPrompt(
      name: rawValue, items: self == .scaleAware ? RatingPrompt.batsonItems : ["empathy"],
      system: Self.joined(system), template: Self.joined(user), isVerbatim: true)
  }

  /// The role of the instructions at `host`. For OpenAI that program takes the newer name; its plain
  /// prompt knows Groq alone.
  public func role(at host: String?) -> ChatEndpoint.Role {
    self == .scaleAware && host == "api.openai.com" ? .developer : .system
  }

  private static func joined(_ parts: [PythonSource.Part]) -> String {
    parts.map {
      switch $0 {
      case .text(let text): text
      case .field: RatingPrompt.placeholder
      }
    }.joined()
  }
}
