import NIOCore
import NIOHTTP1

/// Holds requests to the grammar, closes a connection whose client does not take an answer in time,
/// and parts from a client in such a way that it sees the last answer.
final class ExchangeGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private let wire: WireGuard
  private let patience, lingering: TimeAmount
  /// Requests without a complete answer.
  private var requests = 0
  private var isRefused = false
  /// Whether the current answer is the last one, whether it is out, and whether nothing more comes.
  private var isLast = false
  private var isParting = false
  private var isInputClosed = false
  /// Writes that the client has not taken yet, and since when nothing moved.
  private var pending = 0
  private var since = NIODeadline.now()
  private var alarm: Scheduled<Void>?

  /// - Parameters:
  ///   - answerSeconds: after so long without progress of an answer the connection is closed.
  ///   - lingerSeconds: for so long what a client still sends is dropped after the last answer.
  init(_ wire: WireGuard, answerSeconds: Int, lingerSeconds: Int) {
    self.wire = wire
    patience = .seconds(Int64(answerSeconds))
    lingering = .seconds(Int64(lingerSeconds))
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    alarm?.cancel()
    alarm = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // After a refusal the parser may still have parts of the same bytes.
    if isRefused { return }
    switch unwrapInboundIn(data) {
    case .head(let head):
      wire.enter(.busy)
      requests += 1
      isRefused = !head.isWellFormed
      wire.framing = isRefused ? .dropped(0) : head.framing
      if isRefused {
        context.fireErrorCaught(HTTPParserError.invalidHeaderToken)
        return
      }
      if head.asksForAnotherProtocol { isLast = true }
    case .body: break
    case .end:
      // Behind a wish for another protocol the parser would keep whatever comes.
      if isLast { wire.framing = .dropped(0) }
    }
    context.fireChannelRead(data)
  }

  /// What the parser refuses waits for its answer like any request.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    wire.enter(.busy)
    wire.framing = .dropped(0)
    context.fireErrorCaught(error)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent {
      isInputClosed = true
      if isParting { context.close(promise: nil) }
    }
    context.fireUserInboundEventTriggered(event)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if isParting {
      promise?.fail(ChannelError.outputClosed)
      return
    }
    var part = unwrapOutboundIn(data)
    var isEnd = false
    switch part {
    case .head(var head):
      if isLast { head.headers.replaceOrAdd(name: "connection", value: "close") }
      isLast = head.headers.first(name: "connection") == "close"
      part = .head(head)
    case .body: break
    case .end:
      isEnd = true
      isParting = isLast
    }
    let promise = promise ?? context.eventLoop.makePromise()
    if pending == 0 { since = .now() }
    pending += 1
    promise.futureResult.assumeIsolated().whenComplete { _ in
      self.pending -= 1
      self.since = .now()
      if isEnd { self.ended(context) }
    }
    if alarm == nil { watch(context, for: patience) }
    context.write(wrapOutboundOut(part), promise: promise)
  }

  /// An answer is out.
  private func ended(_ context: ChannelHandlerContext) {
    requests -= 1
    guard isParting else {
      if requests <= 0 { wire.enter(.idle) }
      return
    }
    if isInputClosed {
      context.close(promise: nil)
      return
    }
    // Closing while a client still sends would take the answer from it (RFC 9112, section 9.6).
    wire.framing = .dropped(0)
    wire.enter(.idle)
    alarm?.cancel()
    alarm = context.eventLoop.assumeIsolated().scheduleTask(in: lingering) {
      context.close(promise: nil)
    }
    context.close(mode: .output, promise: nil)
  }

  private func watch(_ context: ChannelHandlerContext, for time: TimeAmount) {
    alarm = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
      alarm = nil
      guard pending > 0 else { return }
      let waited = NIODeadline.now() - since
      if waited >= patience {
        context.close(promise: nil)
      } else {
        watch(context, for: patience - waited)
      }
    }
  }
}

extension HTTPRequestHead {
  /// Whether the parser takes it for the last request of HTTP on its connection.
  fileprivate var asksForAnotherProtocol: Bool {
    method == .CONNECT || headers.contains(name: "upgrade")
  }

  /// How its body comes.
  fileprivate var framing: WireGuard.Framing {
    if headers.contains(name: "transfer-encoding") { return .chunks(ChunkFraming()) }
    let length = headers.first(name: "content-length").flatMap { Int($0) } ?? 0
    return length > 0 ? .length(length) : .head
  }

  /// Whether its target and its Host are formed as RFC 9112, section 3.2, wants them.
  fileprivate var isWellFormed: Bool { hasHost && hasTarget }

  private var hasHost: Bool {
    let hosts = headers["host"]
    guard let host = hosts.first else { return version == .http1_0 }
    return hosts.count == 1 && host.utf8.allSatisfy { ASCIISet.authority[Int($0)] }
  }

  private var hasTarget: Bool {
    let target = uri.utf8
    let allowed: [Bool]
    if target.first == UInt8(ascii: "/") {
      allowed = ASCIISet.path
    } else if uri == "*" {
      return method == .OPTIONS
    } else if method == .CONNECT {
      allowed = ASCIISet.authority
    } else {
      let scheme = uri.prefix(8).lowercased()
      guard scheme.hasPrefix("http://") || scheme == "https://" else { return false }
      allowed = ASCIISet.absolute
    }
    var digits = 0
    for byte in target {
      if digits > 0 {
        guard ASCIISet.hexadecimal[Int(byte)] else { return false }
        digits -= 1
      } else if byte == UInt8(ascii: "%") {
        digits = 2
      } else if !allowed[Int(byte)] {
        return false
      }
    }
    return digits == 0
  }
}

/// Characters of a URI (RFC 3986) by their byte.
private enum ASCIISet {
  static let hexadecimal = table("0123456789abcdefABCDEF")
  /// Of a path and a query, without the percent sign of an escape.
  static let path = table(plain + ":@/?")
  static let authority = table(plain + ":[]%")
  static let absolute = table(plain + ":@/?[]")

  private static let plain =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;="

  private static func table(_ characters: String) -> [Bool] {
    var table = [Bool](repeating: false, count: 256)
    for byte in characters.utf8 { table[Int(byte)] = true }
    return table
  }
}
