import Foundation
import GRDB
import Harness
import Server
import TestSupport
import Testing

@Suite("Server: addresses of webhooks and their commands", .serialized)
struct WebhookAddressTests {
  @Test("the certificate of a receiver is checked, for a name and for an address")
  func certificates() async throws {
    let (arena, authority) = (try Arena(teams: [], phase: nil), try TestAuthority())
    let (certificate, key) = (arena.folder.file("own.pem"), arena.folder.file("own-key.pem"))
    try authority.issue(certificate, key: key)
    // Another leaderboard, which takes no messages, but TLS.
    let receiver = try arena.process([
      "--api-only", "--tls-certificate", certificate.path, "--tls-key", key.path,
    ])
    for host in ["localhost", "127.0.0.1"] {
      let address = "https://\(host):\(receiver.port)/api/v1/nothing"
      let webhook = try arena.store.addWebhook(address).webhook
      func send(_ authority: String?) async -> WebhookDelivery.Outcome {
        await webhook.send("{}", message: "msg_1", timeoutSeconds: 60, authority: authority)
      }
      let unknown = await send(nil)
      #expect(unknown.status == nil && unknown.problem?.contains("TLS failed") == true)
      #expect(await send(authority.root.path).status == 404)
    }
    receiver.stop()
    let address = "https://localhost:\(receiver.port)/"
    let webhook = try arena.store.addWebhook(address).webhook
    let outcome = await webhook.send("{}", message: "msg_1", timeoutSeconds: 60)
    #expect(outcome.problem == "localhost cannot be reached")
  }

  @Test("https alone, or http to this machine; no user name in an address")
  func addresses() throws {
    let allowed = [
      "https://example.org", "https://example.org:8443/a?b=c", "http://localhost/", "HTTPS://x.y/",
      "http://127.0.0.1:80/a", "http://127.3.4.5/", "http://[::1]:8080/", "https://10.0.0.1/",
    ]
    for address in allowed {
      #expect(throws: Never.self) { try Webhook.check(address) }
    }
    let refused = [
      "http://example.org/", "http://10.0.0.1/", "http://localhost.example.org/",
      "http://127.0.0.1.example.org/", "http://127.0.0/", "http://0.0.0.0/", "ftp://example.org/",
      "file:///etc/passwd", "https://", "https:///x", "example.org", "", "https://a b/",
      "https://user@example.org/", "https://user:word@example.org/",
      "http://127.0.0.1@example.org/",
      "https://example.org/#here", "https://example.org/\r\nX: y", "https://exämple.org/",
      "https://example.org/" + String(repeating: "a", count: 2000),
    ]
    for address in refused {
      #expect(throws: ServerError.self, "\(address)") { try Webhook.check(address) }
    }
    #expect(throws: Never.self) { try Webhook.check("http://10.0.0.1/", allowsHTTP: true) }
    #expect(throws: ServerError.self) { try Webhook.check("ftp://a/", allowsHTTP: true) }
  }

  @Test("the commands add, list, test and remove webhooks; the secret is shown once")
  func commands() async throws {
    let (arena, receiver) = (try Arena(), try await WebhookReceiver())
    try await onOwnThread {
      func run(_ words: String...) throws -> Program.Outcome {
        try arena.program.run(["webhook"] + words)
      }
      let added = try run(
        "add", receiver.url, "--event", "submission.best", "--board", "sample24/test")
      #expect(added.status == 0, "\(added.err)")
      let parts = added.out.split(whereSeparator: \.isWhitespace)
      #expect(parts.first == "1" && parts.count == 2)
      let secret = try #require(parts.last.map(String.init))
      #expect(
        secret.hasPrefix("whsec_") && Data(base64Encoded: String(secret.dropFirst(6)))?.count == 32)
      for form in [[], ["--json"]] {
        let listed = try arena.program.run(["webhook", "list"] + form)
        #expect(listed.out.contains("submission.best") && listed.out.contains("sample24/test"))
        #expect(!listed.out.contains(secret))
      }
      #expect(try run("test", "1").status == 0)
      let message = try #require(receiver.messages.first)
      #expect(message.type == "webhook.test")
      #expect(try WebhookTests.verifies(message, secret: secret))
      receiver.answer(.status(500))
      let failed = try run("test", "1")
      #expect(failed.status == 69 && failed.err.contains("500"))
      #expect(try run("add", "http://example.org/").status == 64)
      #expect(try run("add", receiver.url, "--board", "sample24").status == 64)
      #expect(try run("add", receiver.url, "--event", "everything").status == 64)
      #expect(try run("remove", "1").status == 0)
      #expect(try run("remove", "1").status == 66)
      #expect(try run("test", "1").status == 66)
      #expect(try run("deliveries").status == 0)
    }
  }
}
