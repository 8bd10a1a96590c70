import Basics
public import Foundation
import Glibc
import NIOCore
import NIOSSL

/// Where the certificate and the private key of a server with TLS are, both in PEM form.
public struct TLSFiles: Sendable {
  /// The server's certificate first, then those that lead to its root.
  public var certificate: URL
  public var key: URL
  /// Seconds between two looks at the files; SIGHUP makes one at once.
  public var checkSeconds = 60

  public init(certificate: URL, key: URL) { (self.certificate, self.key) = (certificate, key) }

  /// What the files hold now.
  /// - Throws: ``ServerError/unreadable(path:reason:)``.
  func read() throws(ServerError) -> (certificate: Data, key: Data) {
    (try Self.content(certificate), try Self.content(key))
  }

  /// Whether users outside the key's group can read it.
  var isKeyExposed: Bool {
    var status = stat()
    return stat(key.path, &status) == 0 && status.st_mode & 0o004 != 0
  }

  private static func content(_ file: URL) throws(ServerError) -> Data {
    let path = file.relativePath
    var status = stat()
    let isThere = stat(file.path, &status) == 0
    guard !isThere || status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable(path: path, reason: "it is no regular file")
    }
    guard isThere, let handle = FileHandle(forReadingAtPath: file.path),
      let content = try? handle.read(upToCount: 1 << 20)
    else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
    return content
  }
}

/// A certificate that is valid now with the private key that belongs to it, ready for connections.
struct ServerCertificate: Sendable {
  let context: NIOSSLContext
  let expires: Date

  /// - Throws: ``ServerError/badTLSFile(path:reason:)``.
  init(certificate: Data, key: Data, of files: TLSFiles, at now: Date) throws(ServerError) {
    let (path, keyPath) = (files.certificate.relativePath, files.key.relativePath)
    let chain = try Self.chain(certificate, path: path)
    let key = try Self.key(key, path: keyPath)
    do {
      // BoringSSL compares the public keys here.
      context = try NIOSSLContext(configuration: Self.configuration(chain, key))
    } catch {
      throw .badTLSFile(
        path: keyPath, reason: "the key does not belong to the first certificate in \(path)")
    }
    let starts = Date(timeIntervalSince1970: TimeInterval(chain[0].notValidBefore))
    expires = Date(timeIntervalSince1970: TimeInterval(chain[0].notValidAfter))
    guard now < expires else {
      throw .badTLSFile(path: path, reason: "the certificate expired at \(expires.stamp)")
    }
    guard starts <= now else {
      throw .badTLSFile(path: path, reason: "the certificate is not valid before \(starts.stamp)")
    }
  }

  /// TLS 1.3, or 1.2 with forward secrecy and an authenticated cipher, and HTTP/1.1 in it.
  private static func configuration(
    _ chain: [NIOSSLCertificate], _ key: NIOSSLPrivateKey
  ) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.cipherSuites = "ECDHE+AESGCM:ECDHE+CHACHA20"
    configuration.applicationProtocols = ["http/1.1"]
    configuration.shutdownTimeout = .seconds(2)
    return configuration
  }

  /// At least one certificate, in the file's order.
  private static func chain(
    _ content: Data, path: String
  ) throws(ServerError) -> [NIOSSLCertificate] {
    do { return try NIOSSLCertificate.fromPEMBytes(Array(content)) } catch {
      throw .badTLSFile(path: path, reason: "expected certificates in PEM form, found none")
    }
  }

  private static func key(_ content: Data, path: String) throws(ServerError) -> NIOSSLPrivateKey {
    // Without this check the library would use an empty passphrase.
    guard !String(decoding: content, as: UTF8.self).contains("ENCRYPTED") else {
      throw .badTLSFile(
        path: path, reason: "the key is encrypted; expected a private key without a passphrase")
    }
    do { return try NIOSSLPrivateKey(bytes: Array(content), format: .pem) } catch {
      throw .badTLSFile(path: path, reason: "expected a private key in PEM form, found none")
    }
  }
}
