import NIOCore
import NIOHTTP1

/// Watches a connection's bytes before they are parsed: when a head begins, and what the chunks of a
/// body carry beside it. It changes no byte; what a request is, the parser says.
final class WireGuard: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  enum Framing {
    case head
    /// The bytes of a body that are still to come.
    case length(Int)
    case chunks(ChunkFraming)
    /// Nobody reads any more; so much has been dropped.
    case dropped(Int)
  }

  /// Of what nobody reads so much is taken before the connection is closed.
  static let maxDroppedBytes = 64 << 20

  /// What the next bytes belong to; set by the handler behind the parser with each head.
  var framing = Framing.head
  private let table: ConnectionTable
  private var connection: TrackedConnection?
  private var activity = TrackedConnection.Activity.awaitingHead
  /// Bytes of the head's current line, and whether there was any before an empty line.
  private var lineLength = 0
  private var hasHeadBegun = false

  init(_ table: ConnectionTable) { self.table = table }

  func handlerAdded(context: ChannelHandlerContext) {
    connection = table.add(context.channel)
    if connection == nil { context.close(promise: nil) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    if let connection { table.remove(connection) }
    connection = nil
  }

  func enter(_ activity: TrackedConnection.Activity) {
    self.activity = activity
    if let connection { table.set(connection, activity) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    while bytes.readableBytes > 0 {
      switch framing {
      case .head:
        forward(headBytes(of: bytes) ?? bytes.readableBytes, of: &bytes, context)
      case .length(let length):
        let count = min(length, bytes.readableBytes)
        framing = count < length ? .length(length - count) : .head
        forward(count, of: &bytes, context)
      case .chunks(var chunks):
        guard let count = bytes.withUnsafeReadableBytes({ chunks.take($0) }) else {
          framing = .dropped(0)
          context.fireErrorCaught(HTTPParserError.invalidChunkSize)
          return
        }
        framing = chunks.isComplete ? .head : .chunks(chunks)
        forward(count, of: &bytes, context)
      case .dropped(let count):
        let count = count + bytes.readableBytes
        framing = .dropped(count)
        if count > Self.maxDroppedBytes { context.close(promise: nil) }
        return
      }
    }
    if hasHeadBegun && activity == .idle { enter(.awaitingHead) }
  }

  private func forward(_ count: Int, of bytes: inout ByteBuffer, _ context: ChannelHandlerContext) {
    guard let piece = bytes.readSlice(length: count) else { return }
    context.fireChannelRead(wrapInboundOut(piece))
  }

  /// How many of `bytes` belong to the current head; nil where it does not end in them.
  private func headBytes(of bytes: ByteBuffer) -> Int? {
    bytes.withUnsafeReadableBytes { bytes in
      for (index, byte) in bytes.enumerated() {
        switch byte {
        case UInt8(ascii: "\n"):
          if lineLength == 0, hasHeadBegun {
            hasHeadBegun = false
            return index + 1
          }
          lineLength = 0
        case UInt8(ascii: "\r"): break
        default:
          lineLength += 1
          hasHeadBegun = true
        }
      }
      return nil
    }
  }
}

/// Follows a body in chunks (RFC 9112, section 7.1) to its end.
struct ChunkFraming {
  /// Of all extensions of a body's chunks together.
  static let maxExtensionBytes = 1 << 10
  private static let maxSize = 1 << 40

  private enum Place {
    case size, chunkExtension
    /// The bytes of a chunk that are still to come, with the line end after them.
    case data(Int)
    /// The fields after the last chunk, with the length of the current line.
    case trailer(Int)
    case end
  }

  private var place = Place.size
  private var size = 0
  private var extensionBytes = 0

  var isComplete: Bool { if case .end = place { true } else { false } }

  /// Reads on in `bytes`.
  /// - Returns: how many of them belong to the body; nil where its extensions are too long, or a
  ///   size is out of all bounds.
  mutating func take(_ bytes: UnsafeRawBufferPointer) -> Int? {
    var index = 0
    while index < bytes.count, !isComplete {
      if case .data(let rest) = place {
        let count = min(rest, bytes.count - index)
        place = count < rest ? .data(rest - count) : .size
        index += count
        continue
      }
      guard take(bytes[index]) else { return nil }
      index += 1
    }
    return index
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    let isLineEnd = byte == UInt8(ascii: "\n")
    switch place {
    case .size, .chunkExtension:
      if isLineEnd {
        place = size == 0 ? .trailer(0) : .data(size + 2)
        size = 0
      } else if case .size = place, let digit = Character(Unicode.Scalar(byte)).hexDigitValue {
        size = size << 4 | digit
        return size <= Self.maxSize
      } else if byte != UInt8(ascii: "\r") {
        place = .chunkExtension
        extensionBytes += 1
        return extensionBytes <= Self.maxExtensionBytes
      }
    case .trailer(let length):
      if isLineEnd {
        place = length == 0 ? .end : .trailer(0)
      } else if byte != UInt8(ascii: "\r") {
        place = .trailer(length + 1)
      }
    case .data, .end: break
    }
    return true
  }
}
