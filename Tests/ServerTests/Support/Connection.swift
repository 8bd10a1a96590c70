import Foundation
import Glibc

/// A plain connection to a server on loopback, for what no client would do.
final class Connection {
  private let descriptor: Int32
  private let port: Int
  private let ownPort: Int

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.port = port
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let isConnected = withUnsafeMutablePointer(to: &address) {
      // sockaddr_in is made to be passed as sockaddr.
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isConnected else { throw POSIXError(.ECONNREFUSED) }
    ownPort = Int(in_port_t(bigEndian: address.sin_port))
  }

  deinit { close(descriptor) }

  /// Whether all could be sent.
  @discardableResult
  func send(_ data: Data) -> Bool {
    var bytes = [UInt8](data)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      bytes = bytes.dropFirst(count)
    }
    return true
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Data(text.utf8)) }

  /// Whether the server has closed it, with nothing left to receive.
  var isClosed: Bool {
    var byte: UInt8 = 0
    let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
    return count == 0 || (count < 0 && errno != EAGAIN)
  }

  /// A request that is answered where the server is in order, and then the connection closed.
  static let health = "GET /api/v1/healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

  static func isHealthy(_ port: Int) throws -> Bool {
    let connection = try Connection(port: port)
    connection.send(health)
    return connection.receive().hasPrefix("HTTP/1.1 200 ")
  }

  /// Lets this process hold many connections, as far as the system allows.
  static func allow(_ count: Int) {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < count + 500 else { return }
    limit.rlim_cur = min(rlim_t(count + 500), limit.rlim_max)
    setrlimit(resource, &limit)
  }

  /// All that comes until the server closes.
  func receive() -> String {
    var out: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return String(decoding: out, as: UTF8.self) }
      out += buffer[..<count]
    }
  }

  /// What comes next.
  func receiveOnce() -> String {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }

  /// Whether the server has taken all that was sent out of its socket, as the system counts it.
  var isReadByServer: Bool {
    func hexadecimal(_ port: Int) -> String { String(format: ":%04X", port) }
    return Self.connections().split(separator: "\n").contains { line in
      let fields = line.split(separator: " ")
      return fields.count > 4 && fields[1].hasSuffix(hexadecimal(port))
        && fields[2].hasSuffix(hexadecimal(ownPort)) && fields[4].hasSuffix(":00000000")
    }
  }

  /// The system's table. It comes a page at a time, and a short read is not its end.
  private static func connections() -> String {
    guard let table = FileHandle(forReadingAtPath: "/proc/net/tcp") else { return "" }
    var text = Data()
    while let piece = try? table.read(upToCount: 1 << 16), !piece.isEmpty { text += piece }
    return String(decoding: text, as: UTF8.self)
  }
}
