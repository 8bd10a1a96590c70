import Basics
import Dispatch
import Foundation
import Glibc
import NIOSSL
import Synchronization

/// The certificate that new connections get, and what takes up a renewed one.
final class CertificateReloader: Sendable {
  private struct Current {
    var certificate: ServerCertificate
    /// The digest of the files when they were read last, or why they could not be read.
    var seen: String
    var warned = Date.distantPast
  }

  private static let day: TimeInterval = 86_400

  private let files: TLSFiles
  private let log: ServerLog
  private let current: Mutex<Current>

  /// - Throws: ``ServerError``: `unreadable`, `badTLSFile`.
  init(_ files: TLSFiles, log: ServerLog, at now: Date = .now) throws(ServerError) {
    (self.files, self.log) = (files, log)
    let found = try files.read()
    let certificate = try ServerCertificate(
      certificate: found.certificate, key: found.key, of: files, at: now)
    current = Mutex(
      Current(certificate: certificate, seen: Digest.sha256(found.certificate + found.key)))
    if files.isKeyExposed {
      log.note(
        "warning: \(files.key.relativePath) can be read by every user of this machine. "
          + "Close it with: chmod o-rwx \(files.key.relativePath)")
    }
    warnOfExpiry(at: now)
  }

  /// For a connection that begins now.
  var context: NIOSSLContext { current.withLock(\.certificate.context) }

  /// Looks at the files every so often, and at once on SIGHUP, until its task is cancelled.
  func run() async {
    let (looks, look) = AsyncStream.makeStream(of: Bool.self)
    let clock = DispatchSource.makeTimerSource()
    clock.schedule(
      deadline: .now() + .seconds(files.checkSeconds), repeating: .seconds(files.checkSeconds))
    clock.setEventHandler { look.yield(false) }
    let hangup = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
    hangup.setEventHandler { look.yield(true) }
    clock.resume()
    hangup.resume()
    for await isAsked in looks { check(isAsked: isAsked) }
    clock.cancel()
    hangup.cancel()
  }

  /// Takes up the pair in the files where it has changed and is good; else what was used stays.
  /// - Parameter isAsked: an answer is expected in the log, whether the files changed or not.
  func check(isAsked: Bool = false, at now: Date = .now) {
    defer { warnOfExpiry(at: now) }
    do throws(ServerError) {
      let found = try files.read()
      guard isNew(Digest.sha256(found.certificate + found.key)) || isAsked else { return }
      let certificate = try ServerCertificate(
        certificate: found.certificate, key: found.key, of: files, at: now)
      current.withLock { ($0.certificate, $0.warned) = (certificate, .distantPast) }
      log.note(
        "new connections use the certificate in \(files.certificate.relativePath), "
          + "valid until \(certificate.expires.stamp)")
    } catch {
      // A file that stays away is told once.
      if case .unreadable = error, !isNew(error.description), !isAsked { return }
      log.fault("the certificate in use stays", error)
    }
  }

  /// Whether the files were otherwise when they were looked at before.
  private func isNew(_ seen: String) -> Bool {
    current.withLock { current in
      defer { current.seen = seen }
      return current.seen != seen
    }
  }

  /// Says once a day that the certificate has expired, or will within 14 days.
  private func warnOfExpiry(at now: Date) {
    let expires: Date? = current.withLock { current in
      let expires = current.certificate.expires
      guard expires.timeIntervalSince(now) < 14 * Self.day,
        now.timeIntervalSince(current.warned) >= Self.day
      else { return nil }
      current.warned = now
      return expires
    }
    guard let expires else { return }
    let verb = expires > now ? "expires" : "expired"
    log.note(
      "warning: the certificate in use \(verb) at \(expires.stamp); "
        + "renew \(files.certificate.relativePath)")
  }
}
