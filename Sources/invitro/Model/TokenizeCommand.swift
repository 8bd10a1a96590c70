import ArgumentParser
import Basics
import Foundation
import Harness
import Reference

struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Print the token ids that a model's tokenizer makes of texts.",
    discussion: """
      A line of ids for each text, special tokens included, as Hugging Face's
      AutoTokenizer gives them. Texts come from the command line, or line by line
      from standard input.

      Example:
        invitro tokenize --model data/models/minilm "I felt for them."
        invitro tokenize --model data/models/minilm --max-length 512 --json < essays.txt
      """)

  @Option(
    help: .value("dir", "The model's folder, or one with the tokenizer's files alone."),
    completion: .directory)
  var model: String

  @Argument(help: "Texts. Default: the lines of standard input.") var texts: [String] = []

  @Option(help: .value("text", "A second text that forms a pair with each of the texts."))
  var pair: String?

  @Option(help: .value("tokens", "Cut to this many ids, special tokens included."))
  var maxLength: Int?

  @OptionGroup var output: JSONOption

  /// One text's encoding.
  private struct Tokens: Encodable {
    let ids, types: [Int32]
  }

  func validate() throws { try require((maxLength ?? 4) >= 4, "--max-length is 4 or more.") }

  func run() throws {
    let tokenizer = try Tokenizer.load(directory: URL(filePath: model, directoryHint: .isDirectory))
    func show(_ text: String) throws {
      let ids: [Int32]
      let types: [Int32]
      if let pair {
        (ids, types) = tokenizer.encode(text, and: pair, maxLength: maxLength)
      } else {
        ids = tokenizer.encode(text, maxLength: maxLength)
        types = Array(repeating: 0, count: ids.count)
      }
      let line = ids.map { "\($0)" }.joined(separator: " ")
      if output.json {
        Console.print(
          String(decoding: try CanonicalJSON.compact(Tokens(ids: ids, types: types)), as: UTF8.self)
        )
      } else {
        Console.print(line)
      }
    }
    for text in texts { try show(text) }
    if texts.isEmpty { while let line = readLine() { try show(line) } }
  }
}
