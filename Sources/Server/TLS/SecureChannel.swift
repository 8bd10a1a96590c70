import HummingbirdCore
import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// A connection inside TLS, with the certificate of the moment it begins.
struct SecureChannel<Base: ServerChildChannel>: ServerChildChannel {
  let base: Base
  let certificate: CertificateReloader
  let handshakeSeconds: Int

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
    channel.eventLoop.makeCompletedFuture {
      let pipeline = channel.pipeline.syncOperations
      try pipeline.addHandler(NIOSSLServerHandler(context: certificate.context))
      try pipeline.addHandler(HandshakeDeadline(seconds: handshakeSeconds))
    }.flatMap { base.setup(channel: channel, logger: logger) }
  }

  func handle(value: Base.Value, logger: Logger) async {
    await base.handle(value: value, logger: logger)
  }
}

/// Closes a connection whose client does not finish the TLS handshake in time.
private final class HandshakeDeadline: ChannelInboundHandler {
  typealias InboundIn = Any

  private let patience: TimeAmount
  private var alarm: Scheduled<Void>?

  init(seconds: Int) { patience = .seconds(Int64(seconds)) }

  func handlerAdded(context: ChannelHandlerContext) {
    alarm = context.eventLoop.assumeIsolated().scheduleTask(in: patience) {
      context.close(promise: nil)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) { alarm?.cancel() }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted = event as? TLSUserEvent { alarm?.cancel() }
    context.fireUserInboundEventTriggered(event)
  }
}
