public import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A small HTTP/1.1 server on 127.0.0.1 that behaves as badly as a test asks it to.
///
/// Every request is answered by the closure, on a thread of its own, and the connection is closed.
/// It stops when the value goes away.
public final class LoopbackServer: Sendable {
  public struct Request: Sendable {
    public let method: String
    /// Path and query as they came.
    public let target: String
    /// By name in lower case.
    public let headers: [String: String]
  }

  public struct Reply: Sendable {
    public var status: Int
    public var headers: [String: String]
    public var body: Data
    /// What `Content-Length` says; nil sends none.
    public var declaredLength: Int?
    /// Send this many bytes of the body, then go on with `thenStall`.
    public var stopAfter: Int?
    /// After `stopAfter` bytes stay silent with the connection open, in place of a cut.
    public var thenStall = false

    public init(_ status: Int, _ body: Data = Data(), headers: [String: String] = [:]) {
      self.status = status
      self.body = body
      self.headers = headers
      declaredLength = body.count
    }

    public static func redirect(to location: String) -> Reply {
      Reply(302, headers: ["Location": location])
    }
  }

  /// Gets the request and its number, from 0.
  public typealias Answer = @Sendable (Request, Int) -> Reply

  private struct State {
    var requests: [Request] = []
    var stopped = false
  }

  private final class Shared: Sendable {
    let state = Mutex(State())
    var stopped: Bool { state.withLock { $0.stopped } }
  }

  private let shared = Shared()
  public let port: UInt16

  public init(_ answer: @escaping Answer) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let ready = withUnsafeMutablePointer(to: &address) { pointer in
      // sockaddr_in is made to be passed as sockaddr; `size` is its own.
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 16) == 0
          && getsockname(listener, $0, &size) == 0
      }
    }
    guard listener >= 0, ready else { throw POSIXError(.EADDRNOTAVAIL) }
    port = UInt16(bigEndian: address.sin_port)
    let shared = shared
    Thread.detachNewThread { Self.accept(listener, shared, answer) }
  }

  deinit { shared.state.withLock { $0.stopped = true } }

  public var url: URL {
    guard let url = URL(string: "http://127.0.0.1:\(port)/") else {
      preconditionFailure("a loopback address is a URL")
    }
    return url
  }

  /// All requests so far, in the order they came.
  public var requests: [Request] { shared.state.withLock { $0.requests } }

  private static func accept(_ listener: Int32, _ shared: Shared, _ answer: @escaping Answer) {
    defer { _ = close(listener) }
    while !shared.stopped {
      var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 50) > 0 else { continue }
      #if canImport(Darwin)
        let connection = Darwin.accept(listener, nil, nil)
      #elseif canImport(Musl)
        let connection = Musl.accept(listener, nil, nil)
      #else
        let connection = Glibc.accept(listener, nil, nil)
      #endif
      guard connection >= 0 else { continue }
      Thread.detachNewThread {
        serve(connection, shared, answer)
        _ = close(connection)
      }
    }
  }

  private static func serve(_ connection: Int32, _ shared: Shared, _ answer: Answer) {
    guard let request = readRequest(connection, shared) else { return }
    let number = shared.state.withLock { state in
      state.requests.append(request)
      return state.requests.count - 1
    }
    let reply = answer(request, number)
    var head = "HTTP/1.1 \(reply.status) Reply\r\nConnection: close\r\n"
    if let length = reply.declaredLength { head += "Content-Length: \(length)\r\n" }
    for (name, value) in reply.headers.sorted(by: { $0.key < $1.key }) {
      head += "\(name): \(value)\r\n"
    }
    send(Data((head + "\r\n").utf8), to: connection)
    send(reply.body.prefix(reply.stopAfter ?? reply.body.count), to: connection)
    // URLSession drops what it has not handed on when a connection breaks: give it a moment, so
    // that a cut falls where the test put it.
    if reply.stopAfter != nil { usleep(300_000) }
    while reply.thenStall, !shared.stopped { usleep(20_000) }
  }

  private static func readRequest(_ connection: Int32, _ shared: Shared) -> Request? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !shared.stopped, bytes.count < 65536 {
      var waiting = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 50) > 0 else { continue }
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
      let text = String(decoding: bytes, as: UTF8.self)
      guard let end = text.firstRange(of: "\r\n\r\n") else { continue }
      let lines = text[..<end.lowerBound].split(separator: "\r\n")
      guard let first = lines.first?.split(separator: " "), first.count == 3 else { return nil }
      var headers: [String: String] = [:]
      for line in lines.dropFirst() {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        headers[line[..<colon].lowercased()] =
          line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      }
      return Request(method: String(first[0]), target: String(first[1]), headers: headers)
    }
    return nil
  }

  private static func send(_ data: Data, to connection: Int32) {
    let bytes = [UInt8](data)
    var done = 0
    while done < bytes.count {
      // In bounds: the slice begins below the count.
      let sent = bytes[done...].withUnsafeBytes {
        #if canImport(Darwin)
          Darwin.send(connection, $0.baseAddress, $0.count, 0)
        #elseif canImport(Musl)
          Musl.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        #else
          Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        #endif
      }
      guard sent > 0 else { return }
      done += sent
    }
  }
}
