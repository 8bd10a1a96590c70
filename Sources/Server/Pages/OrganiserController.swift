import Foundation
import Hummingbird
import Report

/// What the organisers look at, and change by commands: `/organiser`, for teams of the organisers alone.
struct OrganiserController: Sendable {
  let pages: PageRenderer
  let store: SubmissionStore

  private struct Content: Encodable {
    var account: Account
    var now: Moment
    var tables: [TablesPage.Table]
  }

  @Sendable func page(_ request: Request, _ context: ServerContext) async throws -> Response {
    guard let member = context.member else { return .seeOther("submit") }
    guard member.team.isOrganiser else {
      throw Problem(
        .forbidden,
        "This page is the organisers’: sign in with the token of a team that was added with --organiser."
      )
    }
    let now = Date()
    return try pages.response(
      .organiser, at: "organiser", title: "For organisers",
      Content(
        account: Account(member), now: Moment(now),
        tables: try MaintainerPage.tables(store, at: now)))
  }
}
