import Foundation
import Mustache

/// The templates of `site/templates`, each parsed once and filled from an `Encodable` value whose
/// leaves are strings, booleans and ``Markup``. Every string is cleaned on its way (see
/// ``SafeText``), so that no page can forget it; the engine then escapes it.
package struct Templates: Sendable {
  /// What a build renders, and a server; a folder without one of them is refused.
  package enum Name: String, CaseIterable, Sendable {
    case base, index, leaderboard, submission, compare, benchmark, method, replication, missing
    case permalink, ledger, about
    case account, faults, signin, submit, submissions, sent, organiser, api, problem
  }

  private let library: MustacheLibrary

  /// Parses every template of `source`.
  init(_ source: SiteSource) throws(ReportError) {
    var library = MustacheLibrary()
    for file in source.templates {
      guard let text = String(data: file.data, encoding: .utf8) else {
        throw .templateUnreadable(
          file: file.path, line: nil, column: nil, reason: "found bytes that are not UTF-8 text")
      }
      do {
        try library.register(text, named: String(file.name.dropLast(".mustache".count)))
      } catch let error as MustacheTemplate.ParserError {
        throw .templateUnreadable(
          file: file.path, line: error.context.lineNumber, column: error.context.columnNumber,
          reason: "\(error.error)")
      } catch {
        throw .templateUnreadable(file: file.path, line: nil, column: nil, reason: "\(error)")
      }
    }
    self.library = library
  }

  /// The layout's fields and the page's, together, in the page's template.
  func render(_ page: Page) throws -> Data {
    let values = try Self.fields(page.layout).merging(Self.fields(page.content)) { _, own in own }
    guard let text = library.render(Level(values), withTemplate: page.template.rawValue) else {
      preconditionFailure("no template named \(page.template)")
    }
    return Data(text.utf8)
  }

  /// What the engine walks: the value's JSON, each string cleaned.
  private static func fields(_ value: any Encodable) throws -> [String: Any] {
    let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(value))
    return (json as? [String: Any] ?? [:]).mapValues(cleaned)
  }

  private static func cleaned(_ value: Any) -> Any {
    switch value {
    case let text as String: SafeText.cleaned(text)
    case let list as [Any]: list.map(cleaned)
    case let object as [String: Any]: Level(object.mapValues(cleaned))
    default: (value as? Bool) ?? value
    }
  }
}

/// A table as the engine walks it. A class of its own is found by the engine's casts about twice as
/// fast as a dictionary, whose conformance depends on its key.
private final class Level: MustacheParent {
  private let values: [String: Any]

  init(_ values: [String: Any]) { self.values = values }

  func child(named name: String) -> Any? { values[name] }
}
