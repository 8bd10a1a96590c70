import Basics
public import Foundation
import Glibc
import Harness
import Synchronization

/// A cell that one process works on, told to all others by files in the cell's folder, which may lie
/// on a file system that many machines share.
///
/// A claim is a file `claim-N` that was created where none was; the one with the largest N counts.
/// Its owner touches it, so that one that no longer changes is of a process that died or stands
/// still (see ``ClaimWatch``), and whoever then creates `claim-(N+1)` first has the cell. The owner
/// of `claim-N`, should it wake up, sees that file and stops.
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

  /// Nil where another process has the cell, or may have it as far as `watch` knows.
  public init?(_ cell: URL, watch: inout ClaimWatch) throws {
    let last = ClaimFile.last(in: cell)
    if let last {
      let isGone = last.isGone
      guard isGone || watch.isSilent(last) else { return nil }
      before = Before(number: last.number, isGone: isGone)
    } else {
      before = nil
    }
    number = (last?.number ?? 0) + 1
    (folder, file) = (cell, ClaimFile.url(cell, number))
    beating = DispatchQueue(label: "claim \(cell.lastPathComponent)")
    guard try ClaimFile.create(file) else { return nil }
    schedule(every: watch.beat)
  }

  deinit { release() }

  /// Whether another process is known to have taken the cell over.
  public var isLost: Bool { wasLost.load(ordering: .relaxed) }

  /// Looks whether another process has taken the cell over.
  public func checkIsLost() -> Bool {
    if let last = ClaimFile.numbers(in: folder).max(), last > number {
      wasLost.store(true, ordering: .relaxed)
    }
    return isLost
  }

  /// Lets others have the cell at once.
  public func release() {
    guard !isOver.exchange(true, ordering: .relaxed), !isLost else { return }
    ClaimFile.markReleased(file)
  }

  private func schedule(every seconds: Double) {
    beating.asyncAfter(deadline: .now() + seconds) { [weak self] in
      guard let self, !isOver.load(ordering: .relaxed), !checkIsLost() else { return }
      // Without a time of ours: a network file system then sets that of its server.
      utimensat(AT_FDCWD, file.path, nil, 0)
      schedule(every: seconds)
    }
  }
}

/// What one process has seen of the claims of others.
///
/// Whether a claim's owner lives is judged by whether its file changes while this process looks,
/// timed by this process' own clock. No clock is compared with that of another machine or of the
/// file system: clocks may be wrong by any amount.
public struct ClaimWatch {
  /// Seconds without a change after which a claim no longer counts; the same for all processes that
  /// share a folder.
  public let lease: Double
  /// Seconds between two touches by an owner.
  public var beat: Double { lease / 6 }

  public static let defaultLease = 60.0

  private var sightings: [String: Sighting] = [:]
  // Stands still while the machine is suspended, and with it the owners that run here.
  private let clock = SuspendingClock()

  private struct Sighting {
    var sign: ClaimFile.Sign
    var since: SuspendingClock.Instant
    var hasMoved: Bool
  }

  public init(lease: Double = Self.defaultLease) { self.lease = lease }

  /// Looks at a claim: whether it has not changed for a whole lease.
  mutating func isSilent(_ claim: ClaimFile) -> Bool {
    let (cell, now) = (claim.cell.path, clock.now)
    guard let last = sightings[cell], last.sign == claim.sign else {
      let isKnown = sightings[cell]?.sign.number == claim.number
      sightings[cell] = Sighting(sign: claim.sign, since: now, hasMoved: isKnown)
      return false
    }
    return (now - last.since) / .seconds(1) > lease
  }

  /// Whether the owner of a cell's claim gave a sign of life while this process looked.
  package func isAlive(_ cell: URL) -> Bool { sightings[cell.path]?.hasMoved ?? false }
}

/// A claim as it stands in its file: who made it, in one line, and a second line once it is released.
struct ClaimFile {
  let cell: URL
  let number: Int
  let sign: Sign
  /// Nil where it is being written or cannot be read.
  private let owner: Owner?
  private let isReleased: Bool

  /// What changes whenever the owner touches the file.
  struct Sign: Equatable {
    let number: Int
    let seconds, nanoseconds: Int
  }

  private struct Owner: Codable {
    var host: String
    var process: Int32
    /// The running system and its space of process numbers: hosts may share a name.
    var machine: String
  }

  /// Whether its process certainly no longer writes.
  var isGone: Bool { isReleased || isDead }

  /// Who made it, for people.
  var title: String { owner.map { "process \($0.process) on \($0.host)" } ?? "another process" }

  /// The claim that counts, if there is one.
  static func last(in cell: URL) -> ClaimFile? {
    numbers(in: cell).max().map { ClaimFile(cell, $0) }
  }

  static func numbers(in cell: URL) -> [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: cell.path)) ?? []
    return names.filter { $0.hasPrefix(prefix) }.compactMap { Int($0.dropFirst(prefix.count)) }
  }

  private static let prefix = "claim-"

  static func url(_ cell: URL, _ number: Int) -> URL { cell.appending(path: "\(prefix)\(number)") }

  private init(_ cell: URL, _ number: Int) {
    (self.cell, self.number) = (cell, number)
    var (facts, data) = (stat(), Data())
    // Opening makes a network file system ask for the file's present state.
    let descriptor = open(Self.url(cell, number).path, O_RDONLY | O_CLOEXEC)
    if descriptor >= 0 {
      let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
      fstat(descriptor, &facts)
      data = (try? handle.readToEnd()) ?? data
    }
    sign = Sign(
      number: number, seconds: facts.st_mtim.tv_sec, nanoseconds: facts.st_mtim.tv_nsec)
    let lines = data.split(separator: 0x0A)
    owner = lines.first.flatMap { try? JSONDecoder().decode(Owner.self, from: $0) }
    isReleased = lines.dropFirst().first.map { Data($0) } == Self.released
  }

  /// Creates the file, which is atomic on network file systems too; false where it is there.
  static func create(_ file: URL) throws -> Bool {
    let descriptor = open(file.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    if descriptor < 0, errno == EEXIST { return false }
    guard descriptor >= 0 else {
      throw HarnessError.system(path: file.relativePath, reason: String(cString: strerror(errno)))
    }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    let owner = Owner(host: host, process: getpid(), machine: machine)
    do { try handle.write(contentsOf: CanonicalJSON.compact(owner) + [0x0A]) } catch {
      throw HarnessError.system(path: file.relativePath, reason: error.localizedDescription)
    }
    return true
  }

  private static let released = Data("released".utf8)

  static func markReleased(_ file: URL) {
    guard let handle = try? FileHandle(forWritingTo: file) else { return }
    _ = try? handle.seekToEnd()
    try? handle.write(contentsOf: released + [0x0A])
  }

  /// Whether the owner is a process of this machine that is no more.
  private var isDead: Bool {
    guard let owner, owner.machine == Self.machine, owner.process != getpid() else { return false }
    return kill(owner.process, 0) != 0 && errno == ESRCH
  }

  private static let host: String = {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "?" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }()

  private static let machine: String = {
    // The boot tells machines of one name apart, the space containers of one machine.
    guard
      let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8),
      let space = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
    else { return UUID().uuidString }
    return boot.trimmingCharacters(in: .whitespacesAndNewlines) + " " + space
  }()
}
