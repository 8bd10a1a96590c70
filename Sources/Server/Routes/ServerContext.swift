import CNIOLinux
import Foundation
import Hummingbird
import Logging
import NIOCore

/// What a request comes with.
struct ServerContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }

  /// The address at the other end, as a number.
  var address: UInt64 { channel.remoteAddress.map(Self.number) ?? 0 }

  /// An IPv4 address, or the network part of an IPv6 address: whoever has one has its /64.
  static func number(_ address: SocketAddress) -> UInt64 {
    switch address {
    case .v4(let address): UInt64(address.address.sin_addr.s_addr)
    case .v6(let address):
      withUnsafeBytes(of: address.address.sin6_addr) { bytes in
        // ::ffff:a.b.c.d is an IPv4 address on a socket for both.
        let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF
        return isMapped
          ? UInt64(bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
          : bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
      }
    case .unixDomainSocket: 0
    }
  }

  /// The address that a proxy says it speaks for: the last that it added itself.
  static func number(forwarded text: String) -> UInt64? {
    guard let last = text.split(separator: ",").last else { return nil }
    let address = last.trimmingCharacters(in: .whitespaces)
    return (try? SocketAddress(ipAddress: address, port: 0)).map(number)
  }

  /// Closes the connection once the answer had time to arrive.
  func closeSoon() {
    channel.eventLoop.scheduleTask(in: .seconds(1)) { [channel] in
      channel.close(promise: nil)
    }
  }
}
