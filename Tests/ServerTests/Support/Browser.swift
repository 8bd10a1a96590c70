import Foundation
import Harness
import Report
import Server
import Testing
import TestSupport

/// A browser as far as a server sees one: it keeps cookies, says where its forms are from, and asks for
/// pages. curl does it, against a server on loopback.
final class Browser {
  private let origin: String
  private let place: TemporaryFolder
  private(set) var page = ""

  init(port: Int) throws {
    origin = "http://127.0.0.1:\(port)"
    place = try TemporaryFolder()
  }

  var cookies: String {
    (try? String(contentsOf: place.file("cookies"), encoding: .utf8)) ?? ""
  }

  /// The token of the forms of the page that was opened last.
  var formToken: String {
    page.firstMatch(of: /name="form" value="([0-9a-f]{64})"/).map { String($0.1) } ?? "none"
  }

  @discardableResult
  func open(_ path: String) throws -> Curl { try ask(path, []) }

  /// - Parameter from: the origin of the page that the form is on; nil for the server's own.
  @discardableResult
  func post(_ path: String, _ fields: [String: String], from other: String? = nil) throws -> Curl {
    try ask(
      path,
      ["--request", "POST", "--header", "Origin: \(other ?? origin)"]
        + (fields.isEmpty ? ["--data", ""] : [])
        + fields.sorted { $0.key < $1.key }.flatMap {
          ["--data-urlencode", "\($0.key)=\($0.value)"]
        })
  }

  /// The form for submitting, by one of its two buttons.
  /// - Parameter token: of the form; nil for that of the page.
  func send(
    _ file: URL, _ button: String, system: String = "System", token: String? = nil,
    from other: String? = nil, board: String = "sample24/test"
  ) throws -> Curl {
    let fields = [
      "form": token ?? formToken, "board": board, "system": system, "kind": "fine-tuned",
      "description": "", "code": "", "paper": "", "action": button,
    ]
    return try ask(
      "/submit",
      ["--header", "Origin: \(other ?? origin)", "--form", "file=@\(file.path)"]
        + fields.sorted { $0.key < $1.key }.flatMap { ["--form-string", "\($0.key)=\($0.value)"] })
  }

  /// Signs in with a token.
  @discardableResult
  func signIn(_ token: String) throws -> Curl { try post("/submit/session", ["token": token]) }

  private func ask(_ path: String, _ arguments: [String]) throws -> Curl {
    let jar = place.file("cookies").path
    let answer = try Curl(
      arguments + [
        "--header", "Accept: text/html,*/*;q=0.8", "--cookie", jar, "--cookie-jar", jar,
        origin + path,
      ])
    page = answer.text
    return answer
  }
}

extension Arena {
  /// Runs a server with pages for browsers while `test` uses it.
  func browse(
    change: (inout ServerConfiguration) -> Void = { _ in },
    _ test: @escaping @Sendable (_ port: Int) throws -> Void
  ) async throws {
    let (site, pages) = (folder.file("site"), try servedPages())
    try await live(
      change: {
        ($0.site, $0.pages) = (site, pages)
        change(&$0)
      }, test)
  }

  func servedPages() throws -> ServedPages {
    var input = SiteInput(benchmarks: try BenchmarkRegistry.shipped(), boards: [])
    input.isServed = true
    return ServedPages(try SiteBuilder(source: SiteSource()), input)
  }
}
