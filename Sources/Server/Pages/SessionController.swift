import Basics
import Foundation
import HTTPTypes
import Hummingbird
import Report

/// Signing in with a team's token or a link that is opened once, and signing out: `/submit/session`.
struct SessionController: Sendable {
  let forms: BrowserForms
  let pages: PageRenderer
  let limits: ServerLimits
  let security: SecurityLog
  /// Attempts to sign in, by address; nil for no limit.
  let attempts: RateLimiter<UInt64>?

  private var store: SubmissionStore { forms.store }

  var routes: RouteCollection<ServerContext> {
    let routes = RouteCollection(context: ServerContext.self)
    routes.post("session", use: signIn)
    routes.refuseOthers(than: [.post], at: "session")
    routes.post("session/end", use: signOut)
    routes.refuseOthers(than: [.post], at: "session/end")
    routes.get("link/:secret", use: link)
    routes.post("link/:secret", use: openLink)
    routes.refuseOthers(than: [.get, .post], at: "link/:secret")
    return routes
  }

  struct Content: Encodable {
    /// Whose link it is; nil for the form that takes a token.
    var linkTeam: String?
    var fault: String?
  }

  /// The form that takes a token, at `/submit` for who is not signed in.
  func signInPage(
    at path: String, fault: String? = nil, status: HTTPResponse.Status = .ok
  ) throws -> Response {
    try pages.response(
      .signin, at: path, title: "Sign in", status: status, Content(fault: fault))
  }

  /// - Throws: ``Problem`` (429) where an address tries to sign in too often.
  private func checkRate(of context: ServerContext) throws {
    guard let seconds = attempts?.wait(context.network) else { return }
    security.record(.rateExceeded, context, reason: "attempts of an address to sign in")
    throw Problem.tooMany(
      "Too many attempts to sign in from your address.", retryAfter: Int(seconds) + 1)
  }

  @Sendable func signIn(_ request: Request, _ context: ServerContext) async throws -> Response {
    try checkRate(of: context)
    let fields = try await BrowserForms.fields(request, limits)
    let text = (fields["token"] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    guard let secret = TokenSecret(text) else {
      security.record(.tokenRefused, context, reason: "malformed")
      return try refused(
        "This is no token of this server: a token looks like invitro_1_ and 64 letters and digits.")
    }
    do {
      return try await signedIn(
        store.startSession(with: secret, at: Date()), from: request, to: "../submit")
    } catch Refusal.token(let refusal) {
      let owner = try store.owner(ofToken: secret.number)
      security.record(
        .tokenRefused, context, team: owner,
        reason: owner == nil ? "no such token" : refusal.reason)
      return try refused(Self.words(refusal, what: "token"))
    }
  }

  private func refused(_ fault: String) throws -> Response {
    try signInPage(at: "submit/session", fault: fault, status: .unprocessableContent)
  }

  /// Looking at a link does not use it up: programs that show previews of links open them too.
  @Sendable func link(_ request: Request, _ context: ServerContext) async throws -> Response {
    try await withLink(context) { secret, path in
      let team = try store.holder(ofLink: secret, at: Date())
      return try pages.response(
        .signin, at: path, title: "Sign in as \(team.name)", Content(linkTeam: team.name))
    }
  }

  @Sendable func openLink(_ request: Request, _ context: ServerContext) async throws -> Response {
    try checkRate(of: context)
    return try await withLink(context) { secret, _ in
      try await signedIn(store.openLink(secret, at: Date()), from: request, to: "../../submit")
    }
  }

  private func withLink(
    _ context: ServerContext, _ body: (TokenSecret, _ path: String) async throws -> Response
  ) async throws -> Response {
    let secret = TokenSecret(try context.parameters.require("secret"))
    do {
      guard let secret else { throw Refusal.token(.unknown) }
      return try await body(secret, "submit/link/")
    } catch Refusal.token(let refusal) {
      security.record(.tokenRefused, context, reason: "link: \(refusal.reason)")
      return try pages.response(
        .signin, at: "submit/link/", title: "This link does not work", status: .forbidden,
        Content(fault: Self.words(refusal, what: "link")))
    }
  }

  private static func words(_ refusal: TokenRefusal, what: String) -> String {
    let cause =
      switch refusal {
      case .unknown: "This \(what) is not known here."
      case .expired(_, let moment): "This \(what) expired on \(moment.day)."
      case .revoked(_, let moment) where what == "link":
        "This link was used or revoked on \(moment.day). It signs in one browser, once."
      case .revoked(_, let moment): "This \(what) was revoked on \(moment.day)."
      }
    return cause + " The organiser can give your team a new one."
  }

  private func signedIn(
    _ session: TokenSecret, from request: Request, to place: String
  ) async throws -> Response {
    // Who signs in anew leaves no older session behind.
    if let old = try forms.member(request) { try await store.endSession(old.token, at: Date()) }
    var response = Response.seeOther(place)
    response.setCookie(forms.cookie(session))
    return response
  }

  @Sendable func signOut(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await BrowserForms.fields(request, limits)
    if let member = context.member {
      try BrowserForms.check(fields["form"], of: member)
      try await store.endSession(member.token, at: Date())
    }
    var response = Response.seeOther("../../submit")
    response.setCookie(forms.noCookie)
    return response
  }
}

extension Response {
  /// Shows another page after a form, which a reload then does not send again.
  /// - Parameter place: relative to the form's address, so that a site may stand below a prefix.
  static func seeOther(_ place: String) -> Response {
    Response(status: .seeOther, headers: [.location: place])
  }
}
