import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Testing
import TestSupport

/// Somebody else's HTTP server on loopback, which keeps what it is sent.
final class WebhookReceiver: Sendable {
  struct Message: Sendable {
    var path: String
    /// By name in lower case.
    var headers: [String: String]
    var body: Data

    var id: String { headers["webhook-id"] ?? "" }

    func object() throws -> [String: Any] {
      try #require(try JSONSerialization.jsonObject(with: body) as? [String: Any])
    }

    var type: String? { try? object()["type"] as? String }

    func facts() throws -> [String: Any] { try #require(try object()["data"] as? [String: Any]) }
  }

  enum Reply: Sendable {
    case status(Int)
    case redirect(to: String)
    /// No answer until the connection ends.
    case hang
  }

  private let state = Mutex<(messages: [Message], reply: Reply)>(([], .status(204)))
  private let running = Mutex<Task<Void, any Error>?>(nil)
  private let bound = Mutex(0)

  var messages: [Message] { state.withLock { $0.messages } }
  var port: Int { bound.withLock { $0 } }
  var url: String { "http://127.0.0.1:\(port)/hook" }

  func answer(_ reply: Reply) { state.withLock { $0.reply = reply } }

  init() async throws {
    let router = Router()
    router.on("**", method: .post) { [weak self] request, context -> Response in
      let body = try await request.body.collect(upTo: 1 << 20)
      let fields = request.headers.map { ($0.name.canonicalName, $0.value) }
      let message = Message(
        path: request.uri.path, headers: Dictionary(fields, uniquingKeysWith: { $1 }),
        body: Data(body.readableBytesView))
      let reply = self?.state.withLock { state in
        state.messages.append(message)
        return state.reply
      }
      switch reply {
      case .status(let code): return Response(status: .init(code: code))
      case .redirect(let place):
        return Response(status: .found, headers: [.location: place])
      case .hang, nil:
        try await Task.sleep(for: .seconds(600))
        return Response(status: .ok)
      }
    }
    let (ports, ready) = AsyncStream.makeStream(of: Int.self)
    let application = Application(
      router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { ready.yield($0.localAddress?.port ?? 0) })
    running.withLock { $0 = Task { try await application.run() } }
    var iterator = ports.makeAsyncIterator()
    let port = try #require(await iterator.next())
    bound.withLock { $0 = port }
  }

  deinit { running.withLock { $0?.cancel() } }
}
