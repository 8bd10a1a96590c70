import Basics
public import Foundation
import Glibc
public import Harness
import Synchronization

/// What an operator may have to look into: a line of JSON for each event, without contents of
/// uploads and without tokens. Equal events within a minute are counted, and in the long run at most
/// one new event a second is written (1,000 at once), so that a flood does not fill the disk.
public final class SecurityLog: Sendable {
  public enum Event: String, Encodable, Sendable {
    /// A token that is malformed, unknown or revoked.
    case tokenRefused = "token-refused"
    /// An upload of a known team that was answered with an error of the client's.
    case uploadRefused = "upload-refused"
    /// A quota of a phase is used up.
    case quotaExceeded = "quota-exceeded"
    /// A rate, or the number of requests at once, is used up.
    case rateExceeded = "rate-exceeded"
    case teamRenamed = "team-renamed"
  }

  private struct Entry: Hashable {
    var event: Event
    var team, address, reason: String?
  }

  private struct Line: Encodable {
    var time: String
    var event: String
    var team, address, reason: String?
    /// How often it came again within the minute before.
    var repeated: Int?
  }

  private struct Repeats {
    var since: ContinuousClock.Instant
    var count = 0
  }

  private struct State: ~Copyable {
    var file: AppendedFile
    var repeats: [Entry: Repeats] = [:]
    /// Events that no line tells of.
    var dropped = 0
    var isFailing = false
  }

  private static let window = Duration.seconds(60)
  private let budget = RateLimiter<Int>(perSecond: 1, burst: 1000)
  private let state: Mutex<State>
  private let log: ServerLog?

  /// Opens the file, or makes it, readable by its owner alone. A file that is moved away is replaced
  /// by a new one with the next line.
  /// - Parameter log: told where lines cannot be written any more.
  /// - Throws: ``ServerError/store(path:reason:)``.
  public init(_ url: URL, log: ServerLog? = nil) throws(ServerError) {
    var file = AppendedFile(url)
    do { try file.open() } catch { throw .store(path: url.relativePath, reason: error.reason) }
    state = Mutex(State(file: file))
    self.log = log
  }

  /// - Parameters:
  ///   - team: the name of the team, where it is known.
  ///   - address: the client's, where there is one.
  ///   - reason: in a few words of the server's own.
  public func record(
    _ event: Event, team: String?, address: String? = nil, reason: String
  ) {
    record(event, team: team, address: address, reason: reason, at: .now)
  }

  package func record(
    _ event: Event, team: String?, address: String?, reason: String,
    at now: ContinuousClock.Instant
  ) {
    let entry = Entry(event: event, team: team, address: address, reason: reason)
    state.withLock { state in
      if let known = state.repeats[entry] {
        if now - known.since < Self.window {
          state.repeats[entry]?.count += 1
          return
        }
        finish(entry, &state)
      }
      guard budget.wait(0, at: now) == nil else {
        state.dropped += 1
        return
      }
      state.repeats[entry] = Repeats(since: now)
      write(entry, repeated: nil, &state)
    }
  }

  /// A team's name was changed.
  public func recordRename(of team: String, to name: String) {
    record(.teamRenamed, team: name, reason: "it was named \(team)")
  }

  /// Writes how often events came again whose minute is over.
  package func flush(at now: ContinuousClock.Instant = .now) {
    state.withLock { state in
      let over = state.repeats.filter { now - $0.value.since >= Self.window }
      for entry in over.keys { finish(entry, &state) }
      if state.dropped > 0, budget.wait(0, at: now) == nil {
        let dropped = state.dropped
        state.dropped = 0
        write(
          Line(time: Date().stamp, event: "dropped", repeated: dropped), worth: dropped, &state)
      }
    }
  }

  private func finish(_ entry: Entry, _ state: inout State) {
    let count = state.repeats.removeValue(forKey: entry)?.count ?? 0
    if count > 0 { write(entry, repeated: count, &state) }
  }

  private func write(_ entry: Entry, repeated: Int?, _ state: inout State) {
    let line = Line(
      time: Date().stamp, event: entry.event.rawValue, team: entry.team, address: entry.address,
      reason: entry.reason, repeated: repeated)
    write(line, worth: repeated ?? 1, &state)
  }

  /// - Parameter events: how many the line stands for.
  private func write(_ line: Line, worth events: Int, _ state: inout State) {
    do {
      try state.file.append(try CanonicalJSON.compact(line))
      state.isFailing = false
    } catch {
      state.dropped += events
      if !state.isFailing { log?.note("the security log cannot be written: \(error)") }
      state.isFailing = true
    }
  }
}

extension DataHome {
  /// Where events of security are kept, if nothing else is said.
  public var securityLogURL: URL { url.appending(path: "security.log") }
}

/// A file that lines are appended to, by several processes if need be.
private struct AppendedFile: ~Copyable {
  struct Failure: Error, CustomStringConvertible {
    let reason = String(cString: strerror(errno))

    var description: String { reason }
  }

  private let path: String
  private var descriptor: Int32 = -1
  /// Whether the last line is there in part only.
  private var isTorn = false

  init(_ url: URL) { path = url.path }

  deinit { if descriptor >= 0 { close(descriptor) } }

  mutating func open() throws(Failure) {
    let opened = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o600)
    guard opened >= 0 else { throw Failure() }
    if descriptor >= 0 { close(descriptor) }
    descriptor = opened
    isTorn = false
  }

  mutating func append(_ line: Data) throws(Failure) {
    if !isCurrent { try open() }
    let text = (isTorn ? Data("\n".utf8) : Data()) + line + Data("\n".utf8)
    var rest = text[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      guard written > 0 else {
        isTorn = isTorn || rest.count < text.count
        throw Failure()
      }
      rest = rest.dropFirst(written)
    }
    isTorn = false
  }

  /// Whether the open file still has its name.
  private var isCurrent: Bool {
    var (named, own) = (stat(), stat())
    return stat(path, &named) == 0 && fstat(descriptor, &own) == 0
      && named.st_dev == own.st_dev && named.st_ino == own.st_ino
  }
}
