import Foundation
import HTTPTypes
import Hummingbird

/// What a browser's session and its forms go through: who is signed in, and that a form was ours.
struct BrowserForms: Sendable {
  let store: SubmissionStore
  /// Whether browsers come by https.
  let isSecure: Bool

  /// The prefix holds a browser to the attributes that the cookie is set with.
  private var cookieName: String { isSecure ? "__Host-invitro" : "invitro" }

  func cookie(_ session: TokenSecret) -> Cookie {
    cookie(session.text, SubmissionStore.sessionSeconds)
  }

  var noCookie: Cookie { cookie("ended", 0) }

  private func cookie(_ value: String, _ seconds: Int) -> Cookie {
    Cookie(
      name: cookieName, value: value, maxAge: seconds, path: "/", secure: isSecure, httpOnly: true,
      sameSite: .lax)
  }

  /// Who is signed in; nil for nobody, also where the session has ended.
  func member(_ request: Request) throws -> ServerContext.Member? {
    guard let secret = request.cookies[cookieName].flatMap({ TokenSecret($0.value) }) else {
      return nil
    }
    do {
      let (token, team) = try store.holder(of: secret, at: Date())
      return token.kind == .session ? ServerContext.Member(team: team, token: secret) : nil
    } catch Refusal.token {
      return nil
    }
  }

  /// - Throws: ``Problem`` (403) for a form of another site's page.
  static func checkOrigin(_ request: Request) throws {
    let isOwn =
      if let site = request.headers[.fetchSite] {
        site == "same-origin" || site == "none"
      } else if let origin = request.headers[.origin], let host = request.head.authority {
        origin == "https://\(host)" || origin == "http://\(host)"
      } else {
        false
      }
    guard isOwn else {
      throw Problem(
        .forbidden, "This form was not sent from a page of this site. Open the page again.")
    }
  }

  /// - Throws: ``Problem`` (403) for a form without the session's own token.
  static func check(_ token: String?, of member: ServerContext.Member) throws {
    let (own, sent) = (Array(member.token.formToken.utf8), Array((token ?? "").utf8))
    var difference = own.count ^ sent.count
    for (a, b) in zip(own, sent) { difference |= Int(a ^ b) }
    guard difference == 0 else {
      throw Problem(
        .forbidden, "This form belongs to a session that has ended. Open the page again.")
    }
  }

  /// The fields of a small form.
  /// - Throws: ``Problem``.
  static func fields(_ request: Request, _ limits: ServerLimits) async throws -> [String: String] {
    let type = MediaTypeName(request.headers[.contentType] ?? "").name
    guard type == "application/x-www-form-urlencoded" else {
      throw Problem(.unsupportedMediaType, "Send the form as application/x-www-form-urlencoded.")
    }
    var small = limits
    small.bodyBytes = 16 << 10
    let body = try await request.wholeBody(small)
    return try URLEncodedFormDecoder().decode(
      [String: String].self, from: String(decoding: body, as: UTF8.self))
  }
}

/// Refuses forms of other sites, and finds out who is signed in.
struct SessionMiddleware: RouterMiddleware {
  let forms: BrowserForms

  func handle(_ request: Request, context: ServerContext, next: Next) async throws -> Response {
    if request.method == .post { try BrowserForms.checkOrigin(request) }
    var context = context
    context.member = try forms.member(request)
    return try await next(request, context)
  }
}
