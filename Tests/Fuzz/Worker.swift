import Basics
import Foundation
import Glibc

/// What a worker has done, in a file that its supervisor reads, also after the worker's death.
struct WorkerProgress {
  /// The input being read, and when its reading began, in nanoseconds of the monotonic clock.
  var input = 0, started = 0
  var done = 0, accepted = 0

  /// Writes the values to `file` in one call.
  func write(to file: Int32) {
    let words = [input, started, done, accepted]
    _ = words.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) }
  }

  init() {}

  init?(contentsOf url: URL) {
    guard let data = try? Data(contentsOf: url), data.count == 32 else { return nil }
    let words = data.withUnsafeBytes { bytes in
      (0..<4).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int.self) }
    }
    (input, started, done, accepted) = (words[0], words[1], words[2], words[3])
  }

  /// Nanoseconds of the monotonic clock, which all processes share.
  static var now: Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}

/// Gives one input after another to a target. Prints a line for each failure: the input's number, a
/// tab, and what was wrong.
struct Worker {
  let kind: FuzzKind
  let seed: UInt64
  /// The inputs are `first`, `first + stride` and so on, below `count`.
  let first, stride, count: Int
  let folder: URL

  /// Longest message of an error, in bytes.
  private static let messageLimit = 64 << 10
  /// A worker stops after so many.
  static let maxFailures = 20
  /// Longest time of an input, and most memory of a worker.
  static let limits = (nanoseconds: 5_000_000_000, kilobytes: 1 << 20)
  /// The exit code of a worker that took more memory.
  static let tooLarge: Int32 = 75

  func run() throws {
    // An aborted worker writes no memory image.
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    let target = try kind.target(in: folder)
    let file = open(
      folder.appending(path: "progress").path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw FuzzFailure("the progress file cannot be written") }
    defer { close(file) }
    var progress = WorkerProgress()
    var failures = 0
    for number in Swift.stride(from: first, to: count, by: stride) {
      (progress.input, progress.started) = (number, WorkerProgress.now)
      progress.write(to: file)
      let (bytes, seed) = target.input(number, kind.random(seed: self.seed, number: number))
      if let fault = fault(target, bytes, seed, number, &progress) {
        print("\(number)\t\(fault.replacing("\n", with: " ").prefix(400))")
        fflush(nil)
        failures += 1
      }
      progress.done += 1
      progress.write(to: file)
      var usage = rusage()
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      if usage.ru_maxrss > Self.limits.kilobytes { exit(Self.tooLarge) }
      if failures == Self.maxFailures { return }
    }
  }

  /// What is wrong with how `target` took an input; nil where it accepts or refuses it as it should.
  private func fault(
    _ target: any FuzzTarget, _ bytes: [UInt8], _ seed: Int, _ number: Int,
    _ progress: inout WorkerProgress
  ) -> String? {
    do {
      try target.run(bytes, seed: seed)
      progress.accepted += 1
      return nil
    } catch let error as any CommandError {
      let message = error.description
      if number < target.seeds.count { return "a sound file is refused: \(message)" }
      if !target.refusals.contains(error.exitStatus) {
        return "exit code \(error.exitStatus.rawValue): \(message)"
      }
      let length = message.utf8.count
      return length > Self.messageLimit ? "a message of \(length) bytes: \(message)" : nil
    } catch {
      return "an error of another kind, \(type(of: error)): \(error)"
    }
  }
}
