import Foundation
import Glibc
import Server
import Testing
import TestSupport

@Suite("Server: TLS")
struct TLSTests {
  private let arena: Arena
  private let authority: TestAuthority
  private let certificate, key: URL

  init() throws {
    (arena, authority) = (try Arena(), try TestAuthority())
    certificate = arena.folder.file("fullchain.pem")
    key = arena.folder.file("privkey.pem")
    try authority.issue(certificate, key: key)
  }

  private var options: [String] {
    ["--api-only", "--tls-certificate", certificate.path, "--tls-key", key.path]
  }

  private static func status(_ url: String, trusting authority: TestAuthority) throws -> Int {
    try Curl("--cacert", authority.root.path, url).status
  }

  @Test("requests and uploads are served over TLS alone, and browsers are told to stay with it")
  func serving() throws {
    let server = try arena.process(options)
    #expect(server.url("/").hasPrefix("https://"))
    for path in ["/api/v1/healthz", "/api/v1/metrics", "/nothing"] {
      let answer = try Curl("--cacert", authority.root.path, server.url(path))
      #expect(answer.status == (path == "/nothing" ? 404 : 200))
      #expect(answer.headers["strict-transport-security"] == "max-age=31536000")
    }
    let upload = try Curl([
      "--cacert", authority.root.path, "--header",
      "Authorization: Bearer \(arena.tokens["Team A"] ?? "none")", "--header",
      "Content-Type: text/tab-separated-values", "--data-binary",
      "@\(try arena.predictions(1).path)",
      server.url("/api/v1/submissions?benchmark=sample24&split=test&system=Safe"),
    ])
    #expect(upload.status == 201, "\(upload.text)")
    #expect(try Curl("http://127.0.0.1:\(server.port)/api/v1/healthz").status == 0, "no TLS")
    #expect(try Curl(server.url("/api/v1/healthz")).status == 0, "the authority is unknown")
    #expect(!server.log.contains("error"), "\(server.log)")
    #expect(server.stop() == 0)
  }

  @Test("without TLS no answer mentions it")
  func plain() throws {
    let server = try arena.process()
    let answer = try Curl(server.url("/api/v1/healthz"))
    #expect(answer.status == 200 && answer.headers["strict-transport-security"] == nil)
  }

  @Test(
    "TLS 1.2 and 1.3 with forward secrecy are spoken, and nothing older",
    arguments: [
      ("-tls1_3", true), ("-tls1_2", true), ("-tls1_2 -cipher AES128-GCM-SHA256", false),
      ("-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA", false),
      ("-tls1_1 -cipher DEFAULT@SECLEVEL=0", false),
    ])
  func versions(client: String, isAccepted: Bool) throws {
    let server = try arena.process(options)
    let outcome = try Shell.run(
      "openssl s_client -connect 127.0.0.1:\(server.port) -CAfile \(authority.root.path) "
        + "-verify_return_error -alpn h2,http/1.1 \(client)", in: arena.folder.url)
    #expect((outcome.status == 0) == isAccepted, "\(outcome.text)")
    #expect(outcome.text.contains("ALPN protocol: http/1.1") == isAccepted)
    #expect(isAccepted || outcome.text.contains("alert"), "the server refuses: \(outcome.text)")
  }

  @Test("a renewed certificate is taken up on SIGHUP, and a broken renewal leaves the old one")
  func renewal() throws {
    let server = try arena.process(options)
    let health = server.url("/api/v1/healthz")
    #expect(try Self.status(health, trusting: authority) == 200)

    let other = try TestAuthority()
    try other.issue(arena.folder.file("unused.pem"), key: key)
    kill(server.identifier, SIGHUP)
    #expect(eventually { server.log.contains("does not belong to the first certificate") })
    #expect(try Self.status(health, trusting: authority) == 200)

    try arena.folder.write("renewed?\n", to: certificate.lastPathComponent)
    kill(server.identifier, SIGHUP)
    #expect(eventually { server.log.contains("expected certificates in PEM form, found none") })
    try FileManager.default.removeItem(at: certificate)
    kill(server.identifier, SIGHUP)
    #expect(eventually { server.log.contains("cannot be read: No such file or directory") })
    #expect(server.log.contains("error: the certificate in use stays: "))
    #expect(try Self.status(health, trusting: authority) == 200)

    try other.issue(certificate, key: key, days: 3, kind: .rsa)
    kill(server.identifier, SIGHUP)
    #expect(eventually { server.log.contains("new connections use the certificate in ") })
    #expect(server.log.contains("warning: the certificate in use expires at "))
    #expect(try Self.status(health, trusting: other) == 200, "a new key of another kind")
    #expect(try Self.status(health, trusting: authority) == 0)
  }

  @Test("a renewed certificate is taken up without a signal")
  func polling() async throws {
    var files = TLSFiles(certificate: certificate, key: key)
    files.checkSeconds = 1
    let (tls, other) = (files, try TestAuthority())
    try await arena.live(change: { $0.tls = tls }) { port in
      let health = "https://127.0.0.1:\(port)/api/v1/healthz"
      #expect(try Self.status(health, trusting: authority) == 200)
      try other.issue(tls.certificate, key: tls.key)
      #expect(try eventually { try Self.status(health, trusting: other) == 200 })
    }
  }

  @Test("files that cannot be used are refused at the start, with the reason")
  func refused() throws {
    let folder = arena.folder
    let (otherKey, expired) = (folder.file("other.key"), folder.file("expired.pem"))
    try authority.issue(folder.file("other.pem"), key: otherKey)
    try authority.issue(expired, key: folder.file("expired.key"), days: -1)
    let sealed = folder.file("sealed.key")
    try authority.openssl("ec -in \(key.path) -aes128 -passout pass:word -out \(sealed.path)")
    for (pair, status, reason) in [
      (["none.pem", key.path], 66, "none.pem cannot be read: No such file or directory."),
      (["data", key.path], 66, "data cannot be read: it is no regular file."),
      ([key.path, key.path], 65, "privkey.pem: expected certificates in PEM form, found none."),
      (
        [certificate.path, certificate.path], 65, "expected a private key in PEM form, found none."
      ),
      ([certificate.path, sealed.path], 65, "expected a private key without a passphrase."),
      ([certificate.path, otherKey.path], 65, "other.key: the key does not belong to the first"),
      ([expired.path, folder.file("expired.key").path], 65, "the certificate expired at 20"),
    ] {
      let outcome = try arena.program.run([
        "serve", "--port", "0", "--api-only", "--tls-certificate", pair[0], "--tls-key", pair[1],
      ])
      #expect(outcome.status == Int32(status), "\(outcome.err)")
      #expect(outcome.err.contains(reason), "\(outcome.err)")
    }
    for wrong in [
      ["--tls-key", key.path], Array(options[1...]) + ["--address", "http://a.b/"],
      ["--trust-proxy"],
    ] {
      #expect(try arena.program.run(["serve", "--port", "0"] + wrong).status == 64)
    }
  }

  @Test("a key that every user can read and an expiry within 14 days are warned of")
  func warnings() throws {
    try authority.issue(certificate, key: key, days: 10)
    chmod(key.path, 0o644)
    let log = try arena.process(options).log
    #expect(log.contains("warning: \(key.path) can be read by every user"))
    #expect(log.contains("warning: the certificate in use expires at "))
    try authority.issue(certificate, key: key, days: 20)
    chmod(key.path, 0o640)
    #expect(try !arena.process(options).log.contains("warning: "))
  }

  @Test("a client that stalls in its handshake loses its connection, and no other does")
  func handshake() async throws {
    let tls = TLSFiles(certificate: certificate, key: key)
    let folder = arena.folder.url
    try await arena.live(change: {
      $0.tls = tls
      $0.limits.handshakeSeconds = 1
      $0.limits.idleSeconds = 600
    }) { port in
      let silent = try Connection(port: port)
      let begun = try Connection(port: port)
      // The head of a record and of a ClientHello whose rest never comes.
      begun.send(Data([0x16, 0x03, 0x01, 0x01, 0x00, 0x01, 0x00, 0x00, 0xFC, 0x03, 0x03]))
      // A finished handshake has no deadline: the request comes after those of the others.
      let slow = try Shell.run(
        "(sleep 3; printf 'GET /api/v1/healthz HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n"
          + "\\r\\n') | openssl s_client -quiet -connect 127.0.0.1:\(port)", in: folder)
      #expect(slow.text.contains("HTTP/1.1 200 OK"), "\(slow.text)")
      #expect(silent.receive().isEmpty)
      #expect(!begun.receive().contains("HTTP"))
    }
  }

  /// Whether a process may mount a file over another one in a namespace of its own.
  private static let canMount =
    (try? Shell.run(
      "unshare --map-root-user --mount mount --bind /dev/null /etc/ssl/certs/ca-certificates.crt",
      in: URL(filePath: "/")
    ).status) == 0

  @Test(
    "`submit push` trusts the authorities of the system and no other", .enabled(if: Self.canMount))
  func push() throws {
    let server = try arena.process(options)
    let command =
      "\(arena.program.binary.path) submit push \(try arena.predictions(1).path) --server "
      + "https://localhost:\(server.port) --benchmark sample24 --split test --system Safe"
    let token = "INVITRO_TOKEN=\(arena.tokens["Team A"] ?? "none")"
    let stranger = try Shell.run("\(token) \(command)", in: arena.folder.url)
    #expect(stranger.status == 69 && stranger.text.contains("certificate"), "\(stranger.text)")
    let trusting = try Shell.run(
      "unshare --map-root-user --mount bash -c 'mount --bind \(authority.root.path) "
        + "/etc/ssl/certs/ca-certificates.crt && \(token) \(command)'", in: arena.folder.url)
    #expect(trusting.status == 0 && trusting.text.contains("released"), "\(trusting.text)")
  }
}
