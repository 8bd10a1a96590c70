import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// The framework's HTTP/1.1 with our guards before and behind its parser.
struct GuardedChannel: ServerChildChannel {
  typealias Value = HTTP1Channel.Value

  let base: HTTP1Channel
  let table: ConnectionTable
  let limits: ServerLimits

  init(
    _ responder: @escaping HTTPChannelHandler.Responder, table: ConnectionTable,
    limits: ServerLimits
  ) {
    base = HTTP1Channel(
      responder: responder,
      configuration: .init(
        idleTimeout: .seconds(Int64(limits.idleSeconds)),
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes,
          maxHeaderFieldCount: 100)))
    (self.table, self.limits) = (table, limits)
  }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    base.setup(channel: channel, logger: logger).flatMapThrowing { value in
      let pipeline = channel.pipeline.syncOperations
      let wire = WireGuard(table)
      let exchange = ExchangeGuard(
        wire, answerSeconds: limits.answerSeconds, lingerSeconds: limits.lingerSeconds)
      let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
      try pipeline.addHandler(exchange, position: .after(parser))
      try pipeline.addHandler(wire, position: .first)
      return value
    }
  }

  func handle(value: Value, logger: Logger) async {
    await base.handle(value: value, logger: logger)
  }
}
