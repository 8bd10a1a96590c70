public import ArgumentParser
import Basics
import Foundation
public import Report

/// In which form a result is written, and where.
struct ResultOptions: ParsableArguments {
  @Option(
    help: """
      Form of the result: text, json, csv, markdown or latex. Default: by the ending of --output, \
      else text.
      """)
  var format: ResultFormat?

  @Option(
    name: [.customShort("o"), .long],
    help: .value("file", "File to write the result to, instead of standard output."),
    completion: .file())
  var output: String?

  /// The form that was asked for.
  var form: ResultFormat {
    format ?? output.flatMap { Self.endings[URL(filePath: $0).pathExtension.lowercased()] } ?? .text
  }

  private static let endings: [String: ResultFormat] = [
    "json": .json, "csv": .csv, "md": .markdown, "tex": .latex,
  ]

  /// Writes `value`, or the document that shows it, as the user wants it.
  func show(
    _ value: some Encodable, as document: @autoclosure () throws -> ResultDocument
  ) throws {
    try show(json: CanonicalJSON.document(value), as: document())
  }

  /// The same of a value that is JSON already.
  func show(
    json: @autoclosure () throws -> Data, as document: @autoclosure () throws -> ResultDocument
  ) throws {
    let style = output == nil ? Terminal.output : .plain
    let data = try form.data(json: json(), shownAs: document(), style: style)
    guard let output else { return FileHandle.standardOutput.write(data) }
    try AtomicFile.write(data, to: URL(filePath: output))
    Console.message("result in \(output)")
  }
}

extension ResultFormat: ExpressibleByArgument {}
