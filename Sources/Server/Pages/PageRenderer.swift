import Foundation
import HTTPTypes
import Hummingbird
import Report

/// Makes the pages of the server that are no part of the built site.
struct PageRenderer: Sendable {
  let pages: ServedPages
  /// The built site.
  let site: URL

  func html(
    _ template: Templates.Name, at path: String, title: String,
    section: SiteContext.Section = .submit, _ content: any Encodable & Sendable
  ) throws -> Data {
    try pages.html(
      template, path: path, title: title, section: section, hasLedger: has("ledger.html"), content)
  }

  func response(
    _ template: Templates.Name, at path: String, title: String,
    status: HTTPResponse.Status = .ok, section: SiteContext.Section = .submit,
    _ content: any Encodable & Sendable
  ) throws -> Response {
    Self.page(
      try html(template, at: path, title: title, section: section, content), status: status)
  }

  static let type = "text/html; charset=utf-8"

  static func page(_ html: Data, status: HTTPResponse.Status = .ok) -> Response {
    var response = Response.bytes(html, status: status, type: type)
    for field in HTTPFields.forms { response.headers[field.name] = field.value }
    return response
  }

  /// Whether the built site has a file.
  func has(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: site.appending(path: path).path)
  }

  private struct ProblemContent: Encodable {
    var title, detail: String
    var faults: [FaultGroup]?
  }

  /// The longest path, in bytes, that a page of an error leads back from: the way stands in each of
  /// its links.
  private static let longestPath = 300

  /// An error as a browser shows it.
  @Sendable func problem(_ problem: Problem, at path: String) throws -> Response {
    let words = problem.status.reasonPhrase
    let title = String(words.prefix(1)) + words.dropFirst().lowercased()
    let place = path.utf8.count > Self.longestPath ? "" : String(path.drop { $0 == "/" })
    var response = try response(
      .problem, at: place, title: title, status: problem.status,
      section: .none,
      ProblemContent(
        title: title, detail: problem.detail,
        faults: problem.faults.isEmpty ? nil : FaultGroup.list(problem.faults)))
    response.headers[.vary] = "Accept"
    return response
  }
}

/// A moment as a page shows it: in UTC, which a script turns into the reader's time.
struct Moment: Encodable {
  let stamp, text: String

  init(_ date: Date) {
    (stamp, text) = (date.stamp, date.minute)
  }
}

/// Who is signed in, as every page of a team shows it.
struct Account: Encodable {
  let team, formToken: String
  let isOrganiser: Bool

  init(_ member: ServerContext.Member) {
    (team, formToken) = (member.team.name, member.token.formToken)
    isOrganiser = member.team.isOrganiser
  }
}
