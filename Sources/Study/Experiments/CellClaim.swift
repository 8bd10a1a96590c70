import Basics
public import Foundation
import Glibc
import Harness
import Synchronization

/// A cell that one process works on, told to all others by files in the cell's folder, which may lie
/// on a file system that many machines share.
///
/// A claim is a file `claim-N` that was created where none was; the one with the largest N counts.
/// Its owner touches it every ``beat`` seconds, so that one that was not touched for ``lease`` seconds
/// is of a process that died or stands still, and whoever then creates `claim-(N+1)` first has the
/// cell. The owner of `claim-N`, should it wake up, sees that file and stops.
public final class CellClaim: Sendable {
  /// N, from 1.
  public let number: Int
  /// What the claim before this one was, if any.
  public let before: Before?

  private let file: URL
  private let folder: URL
  private let isOver = Atomic(false)
  private let wasLost = Atomic(false)
  private let beating: DispatchQueue

  /// A claim that ended without the cell being finished.
  public struct Before: Sendable, Equatable {
    public let number: Int
    /// Whether its process certainly no longer writes: it said so, or it is no more.
    public let isGone: Bool

    public init(number: Int, isGone: Bool) { (self.number, self.isGone) = (number, isGone) }
  }

  /// What stands in a claim.
  private struct Owner: Codable {
    var host: String
    var process: Int32
    var isReleased = false
  }

  /// Seconds without a touch after which a claim no longer counts.
  public static let lease = 60.0
  /// Seconds between two touches.
  public static let beat = 10.0

  /// Nil where another process has the cell.
  /// - Parameters:
  ///   - lease, beat: in seconds, the same for all processes that share a folder.
  public init?(_ cell: URL, lease: Double = lease, beat: Double = beat) throws {
    let numbers = try Self.numbers(cell)
    var before: Before?
    if let last = numbers.max() {
      let file = Self.file(cell, last)
      guard let owner = try Self.read(file) else { return nil }
      let isGone = owner.isReleased || Self.isDead(owner)
      guard try isGone || Self.age(file, in: cell) > lease else { return nil }
      before = Before(number: last, isGone: isGone)
    }
    number = (numbers.max() ?? 0) + 1
    (self.before, folder, file) = (before, cell, Self.file(cell, number))
    beating = DispatchQueue(label: "claim \(cell.lastPathComponent)")
    guard try Self.create(file, Owner(host: Self.host, process: getpid())) else { return nil }
    schedule(every: beat)
  }

  deinit { release() }

  /// Whether another process has taken the cell over.
  public var isLost: Bool { wasLost.load(ordering: .relaxed) }

  /// Lets others have the cell at once.
  public func release() {
    guard !isOver.exchange(true, ordering: .relaxed), !isLost else { return }
    let owner = Owner(host: Self.host, process: getpid(), isReleased: true)
    try? AtomicFile.write(CanonicalJSON.compact(owner), to: file)
  }

  private func schedule(every seconds: Double) {
    beating.asyncAfter(deadline: .now() + seconds) { [weak self] in
      guard let self, !isOver.load(ordering: .relaxed) else { return }
      guard (try? Self.numbers(folder).max()) ?? number == number else {
        return wasLost.store(true, ordering: .relaxed)
      }
      utimensat(AT_FDCWD, file.path, nil, 0)
      schedule(every: seconds)
    }
  }

  // MARK: - Files

  private static let prefix = "claim-"

  private static func file(_ cell: URL, _ number: Int) -> URL {
    cell.appending(path: "\(prefix)\(number)")
  }

  private static func numbers(_ cell: URL) throws -> [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: cell.path)) ?? []
    return names.filter { $0.hasPrefix(prefix) }.compactMap { Int($0.dropFirst(prefix.count)) }
  }

  /// Whether there is a claim that counts.
  static func isClaimed(_ cell: URL) throws -> Bool {
    guard let last = try numbers(cell).max() else { return false }
    guard let owner = try read(file(cell, last)) else { return true }
    return try !owner.isReleased && !isDead(owner) && age(file(cell, last), in: cell) <= lease
  }

  /// Nil where it is being written.
  private static func read(_ file: URL) throws -> Owner? {
    (try? Data(contentsOf: file)).flatMap { try? JSONDecoder().decode(Owner.self, from: $0) }
  }

  /// Creates the file, or does nothing where it is there: the content is linked to its name, which
  /// is atomic on network file systems too.
  private static func create(_ file: URL, _ owner: Owner) throws -> Bool {
    let draft = file.deletingLastPathComponent().appending(path: ".claim.\(UUID().uuidString)")
    try AtomicFile.write(CanonicalJSON.compact(owner), to: draft)
    defer { unlink(draft.path) }
    if link(draft.path, file.path) == 0 { return true }
    guard errno == EEXIST else {
      throw HarnessError.system(path: file.relativePath, reason: String(cString: strerror(errno)))
    }
    return false
  }

  /// Seconds since the file was touched, by the clock of the file system that it is on.
  private static func age(_ file: URL, in cell: URL) throws -> Double {
    let probe = cell.appending(path: ".now.\(UUID().uuidString)")
    try AtomicFile.write(Data(), to: probe)
    defer { unlink(probe.path) }
    guard let now = touched(probe), let then = touched(file) else { return 0 }
    return now - then
  }

  private static func touched(_ file: URL) -> Double? {
    // Opening makes a network file system ask for the file's present state.
    let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var facts = stat()
    guard fstat(descriptor, &facts) == 0 else { return nil }
    return Double(facts.st_mtim.tv_sec) + Double(facts.st_mtim.tv_nsec) * 1e-9
  }

  /// Whether the owner is a process of this machine that is no more.
  private static func isDead(_ owner: Owner) -> Bool {
    owner.host == host && owner.process != getpid() && kill(owner.process, 0) != 0
      && errno == ESRCH
  }

  private static let host: String = {
    // Containers of one machine may share a name and not their processes; the boot does not tell.
    let name = ProcessInfo.processInfo.hostName
    let space = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid"))
    return name + " " + (space ?? "")
  }()
}
