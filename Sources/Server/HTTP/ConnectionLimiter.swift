import NIOCore
import Synchronization

/// Watches one connection: it is closed where its client does not take an answer in time, so that
/// clients which never read hold no place and no memory, and at once where its address has too many.
final class ConnectionLimiter: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = Any
  typealias OutboundIn = Any

  private let patience: TimeAmount
  private let counts: ConnectionCounts?
  private var address: UInt64?
  /// Writes that the client has not taken yet, and since when nothing moved.
  private var pending = 0
  private var since = NIODeadline.now()
  private var alarm: Scheduled<Void>?

  /// - Parameter counts: nil for no limit an address.
  init(answerSeconds: Int, counts: ConnectionCounts?) {
    patience = .seconds(Int64(answerSeconds))
    self.counts = counts
  }

  func handlerAdded(context: ChannelHandlerContext) {
    guard let counts, let peer = context.channel.remoteAddress else { return }
    let address = peer.network
    if counts.enter(address) {
      self.address = address
    } else {
      context.close(promise: nil)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    alarm?.cancel()
    alarm = nil
    if let address { counts?.leave(address) }
    address = nil
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let promise = promise ?? context.eventLoop.makePromise()
    if pending == 0 { since = .now() }
    pending += 1
    promise.futureResult.assumeIsolated().whenComplete { _ in
      self.pending -= 1
      self.since = .now()
    }
    if alarm == nil { watch(context, for: patience) }
    context.write(data, promise: promise)
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

/// How many connections each address has.
final class ConnectionCounts: Sendable {
  private let maxPerAddress: Int
  private let counts = Mutex<[UInt64: Int]>([:])

  init(maxPerAddress: Int) { self.maxPerAddress = maxPerAddress }

  /// Counts one more; false, with nothing counted, where the address has as many as it may.
  func enter(_ address: UInt64) -> Bool {
    counts.withLock { counts in
      let count = counts[address, default: 0]
      guard count < maxPerAddress else { return false }
      counts[address] = count + 1
      return true
    }
  }

  func leave(_ address: UInt64) {
    counts.withLock { counts in
      guard let count = counts[address] else { return }
      counts[address] = count > 1 ? count - 1 : nil
    }
  }
}
