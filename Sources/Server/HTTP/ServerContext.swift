import Foundation
package import Hummingbird
import NIOCore

package struct ServerContext: RequestContext {
  package var coreContext: CoreRequestContextStorage
  /// The connection it came on.
  let channel: any Channel
  /// Where it comes from; the proxy says so, where that is trusted.
  var client: SocketAddress?
  /// The team whose token it carries; nil where it carries none.
  var member: Member?

  /// A team and the token by which it was recognised.
  struct Member: Sendable {
    var team: Team
    var token: TokenSecret
  }

  package init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }
}

/// What a middleware hands a request on to.
typealias Next = (Request, ServerContext) async throws -> Response

/// Finds the team whose token a request carries.
struct TeamAuthenticator: RouterMiddleware {
  let store: SubmissionStore
  let security: SecurityLog

  func handle(_ request: Request, context: ServerContext, next: Next) async throws -> Response {
    guard let field = request.headers[.authorization] else {
      return try await next(request, context)
    }
    let parts = field.split(separator: " ")
    guard parts.count == 2, parts[0].lowercased() == "bearer", let secret = TokenSecret(parts[1])
    else {
      security.record(.tokenRefused, context, reason: "malformed")
      throw Problem.unauthorized
    }
    let now = Date()
    let (token, team): (TeamToken, Team)
    do {
      (token, team) = try store.holder(of: secret, at: now)
    } catch Refusal.token(let refusal) {
      let owner = try store.owner(ofToken: secret.number)
      security.record(
        .tokenRefused, context, team: owner,
        reason: owner == nil ? "no such token" : refusal.reason)
      throw Refusal.token(refusal)
    }
    await store.noteUse(of: token, at: now)
    var context = context
    context.member = ServerContext.Member(team: team, token: secret)
    return try await next(request, context)
  }
}
