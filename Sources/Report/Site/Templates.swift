import Basics
import Crypto
import Foundation
import Mustache

/// What a template is filled with: strings, booleans, lists and further tables.
typealias Content = [String: Any]

/// Markup that Report itself has made; a template shows it with three braces.
struct Markup: MustacheCustomRenderable, Sendable, ExpressibleByStringInterpolation {
  let renderText: String
  var isNull: Bool { false }

  init(_ text: String) { renderText = text }
  init(stringLiteral text: String) { renderText = text }
}

/// The templates of `site/templates`, each parsed once.
///
/// Every string that goes into a template is cleaned on its way (see ``SafeText``), so that no
/// page can forget it; the engine then escapes it.
struct Templates: Sendable {
  /// The pages that a build renders; a folder without one of them is refused.
  static let required = [
    "base", "index", "leaderboard", "submission", "compare", "benchmark", "method",
    "replication", "missing", "permalink",
  ]

  private let library: MustacheLibrary
  /// SHA-256 over all names and texts.
  let digest: String

  /// Reads every `.mustache` file of `folder`.
  init(folder: URL) throws(ReportError) {
    var library = MustacheLibrary()
    var hash = SHA256()
    for name in try Self.names(in: folder) {
      let file = folder.appending(path: "\(name).mustache")
      let text: String
      do {
        text = try String(contentsOf: file, encoding: .utf8)
      } catch {
        throw .templateUnreadable(
          file: file.path, line: nil, column: nil, reason: "found bytes that are not UTF-8 text")
      }
      do {
        try library.register(text, named: name)
      } catch let error as MustacheTemplate.ParserError {
        throw .templateUnreadable(
          file: file.path, line: error.context.lineNumber, column: error.context.columnNumber,
          reason: "\(error.error)")
      } catch {
        throw .templateUnreadable(file: file.path, line: nil, column: nil, reason: "\(error)")
      }
      hash.update(data: Data("\(name)\n\(text)\n".utf8))
    }
    self.library = library
    digest = hash.finalize().hexadecimal
  }

  /// `content` in the template `name`, which must be one of ``required``.
  func render(_ name: String, _ content: Content) -> String {
    guard let page = library.render(Self.cleaned(content), withTemplate: name) else {
      preconditionFailure("no template named \(name)")
    }
    return page
  }

  private static func names(in folder: URL) throws(ReportError) -> [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let names = files.filter { $0.hasSuffix(".mustache") }.map { String($0.dropLast(9)) }.sorted()
    if let missing = required.first(where: { !names.contains($0) }) {
      throw .templateMissing(file: folder.appending(path: "\(missing).mustache").path)
    }
    return names
  }

  private static func cleaned(_ content: Content) -> Level { Level(content.mapValues(cleaned)) }

  private static func cleaned(_ value: Any) -> Any {
    switch value {
    case let text as String: SafeText.cleaned(text)
    case let table as Content: cleaned(table)
    case let tables as [Content]: tables.map { cleaned($0) as Level }
    case let texts as [String]: texts.map(SafeText.cleaned)
    default: value
    }
  }
}

/// A table as the engine walks it. A class of its own is found by the engine's casts about twice as
/// fast as a dictionary, whose conformance depends on its key.
private final class Level: MustacheParent {
  private let values: Content

  init(_ values: Content) { self.values = values }

  func child(named name: String) -> Any? { values[name] }
}

extension Sequence<UInt8> {
  /// Two lower-case hexadecimal digits a byte.
  var hexadecimal: String {
    let digits = Array("0123456789abcdef".utf8)
    var out: [UInt8] = []
    for byte in self {
      out.append(digits[Int(byte >> 4)])
      out.append(digits[Int(byte & 15)])
    }
    return String(decoding: out, as: UTF8.self)
  }
}
