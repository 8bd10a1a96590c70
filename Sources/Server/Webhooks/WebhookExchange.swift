import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One attempt to post a message to a webhook, over a connection of its own: no redirect is followed,
/// and of the answer nothing but the status is looked at. The whole has a deadline.
///
/// It is no URLSession: that of Linux keeps a core busy for as long as it waits for an answer, so that
/// one silent receiver would slow down the server.
final class WebhookExchange: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  /// Where a message goes.
  private struct Place {
    var host, hostField, path: String
    var port: Int
    var isSecure: Bool

    init?(_ address: String) {
      guard let parts = URLComponents(string: address), let name = parts.host else { return nil }
      isSecure = parts.scheme?.lowercased() == "https"
      port = parts.port ?? (isSecure ? 443 : 80)
      host = name.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
      hostField =
        (host.contains(":") ? "[\(host)]" : host) + (parts.port.map { ":\($0)" } ?? "")
      path =
        (parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath)
        + (parts.percentEncodedQuery.map { "?\($0)" } ?? "")
    }
  }

  private enum Failure: Error { case timeout, ended }

  private static let systemTLS = Result {
    try NIOSSLContext(configuration: .makeClientConfiguration())
  }

  private let head: HTTPRequestHead
  private let body: String
  private let status: EventLoopPromise<Int>

  private init(_ head: HTTPRequestHead, _ body: String, _ status: EventLoopPromise<Int>) {
    (self.head, self.body, self.status) = (head, body, status)
  }

  /// - Parameter authority: a file of certificates in PEM form that are trusted in place of the
  ///   system's.
  static func send(
    _ payload: String, message: String, to webhook: Webhook, at now: Date, timeoutSeconds: Int,
    authority: String? = nil
  ) async -> WebhookDelivery.Outcome {
    guard let place = Place(webhook.url) else {
      return .init(status: nil, problem: "its address is no URL")
    }
    var headers = HTTPHeaders([
      ("Host", place.hostField), ("Connection", "close"),
      ("Content-Length", "\(payload.utf8.count)"),
    ])
    for (name, value) in webhook.headers(message: message, payload: payload, at: now) {
      headers.add(name: name, value: value)
    }
    let head = HTTPRequestHead(
      version: .http1_1, method: .POST, uri: place.path, headers: headers)
    do {
      let status = try await connect(
        to: place, head, payload, timeoutSeconds: timeoutSeconds, authority: authority)
      let isDelivered = (200..<300).contains(status)
      return .init(status: status, problem: isDelivered ? nil : "the answer was \(status)")
    } catch {
      let problem =
        switch error {
        case Failure.timeout: "no answer within \(timeoutSeconds) s"
        case is NIOConnectionError: "\(place.host) cannot be reached"
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
          "TLS failed: no certificate that is trusted and is that of \(place.host)"
        default: "the connection ended without an HTTP answer"
        }
      return .init(status: nil, problem: problem)
    }
  }

  private static func connect(
    to place: Place, _ head: HTTPRequestHead, _ body: String, timeoutSeconds: Int,
    authority: String?
  ) async throws -> Int {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = authority.map { .file($0) }
    let tls =
      !place.isSecure
      ? nil : try authority == nil ? systemTLS.get() : NIOSSLContext(configuration: configuration)
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let status = loop.makePromise(of: Int.self)
    let deadline = loop.scheduleTask(in: .seconds(Int64(timeoutSeconds))) {
      status.fail(Failure.timeout)
    }
    defer { deadline.cancel() }
    let connection = ClientBootstrap(group: loop).connectTimeout(.seconds(Int64(timeoutSeconds)))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls {
            // An address is no name; it is compared with the certificate all the same.
            let isName = (try? SocketAddress(ipAddress: place.host, port: 0)) == nil
            try pipeline.addHandler(
              NIOSSLClientHandler(context: tls, serverHostname: isName ? place.host : nil))
          }
          try pipeline.addHTTPClientHandlers()
          try pipeline.addHandler(WebhookExchange(head, body, status))
        }
      }.connect(host: place.host, port: place.port)
    connection.whenFailure { status.fail($0) }
    connection.whenSuccess { channel in
      status.futureResult.whenComplete { _ in channel.close(promise: nil) }
    }
    return try await withTaskCancellationHandler {
      try await status.futureResult.get()
    } onCancel: {
      status.fail(CancellationError())
    }
  }

  func channelActive(context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(
      wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(string: body)))),
      promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // A head such as 100 Continue comes before the answer.
    if case .head(let head) = unwrapInboundIn(data), head.status.code >= 200 {
      status.succeed(Int(head.status.code))
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    status.fail(error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    status.fail(Failure.ended)
    context.fireChannelInactive()
  }
}

extension Webhook {
  /// Sends one message, once. ``WebhookExchange`` says how.
  package func send(
    _ payload: String, message: String, timeoutSeconds: Int, authority: String? = nil
  ) async -> WebhookDelivery.Outcome {
    await WebhookExchange.send(
      payload, message: message, to: self, at: Date(), timeoutSeconds: timeoutSeconds,
      authority: authority)
  }
}
