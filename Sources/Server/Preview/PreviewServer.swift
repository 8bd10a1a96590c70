public import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Serves a built site to this machine alone, for looking at it while it is made.
public struct PreviewServer: Sendable {
  private let site: SiteCache
  private let port: Int

  /// - Parameters:
  ///   - site: the built site's folder; it may be put in place later, and replaced as a whole.
  ///   - port: 0 takes a free one.
  public init(_ site: URL, port: Int) {
    self.site = SiteCache(site)
    self.port = port
  }

  /// Serves until SIGINT or SIGTERM, or until the task is cancelled.
  ///
  /// - Parameter onReady: called with the port once requests are answered.
  public func run(onReady: @escaping @Sendable (_ port: Int) async -> Void) async throws {
    let site = site
    var logger = Logger(label: "invitro") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .error
    let responder = CallbackResponder<BasicRequestContext> { request, _ in
      site.refresh()
      guard request.method == .get || request.method == .head else {
        return Response(status: .methodNotAllowed, headers: [.allow: "GET, HEAD"])
      }
      let response = site.answer(request) ?? Response(status: .notFound)
      return request.method == .head ? response.createHeadResponse() : response
    }
    let application = Application(
      responder: responder,
      configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
      onServerRunning: { channel in await onReady(channel.localAddress?.port ?? 0) },
      logger: logger)
    try await application.runService()
  }
}

extension SiteCache {
  /// The file that `request` asks for, or the site's page for what is not there; nil without one.
  func answer(_ request: Request) -> Response? {
    if let file = file(request.uri.path) { return file.response(to: request.headers) }
    guard var missing = file("/404.html")?.response(to: [:]) else { return nil }
    missing.status = .notFound
    missing.headers[.eTag] = nil
    return missing
  }
}
