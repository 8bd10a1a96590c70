import Basics
import Foundation

/// Runs one kind of inputs in worker processes, which a trap may end, and watches their time and
/// memory.
struct Supervisor {
  let kind: FuzzKind
  let seed: UInt64
  let count: Int
  let folder: URL
  /// When to stop, whatever is left.
  let deadline: ContinuousClock.Instant

  struct Outcome {
    var done = 0, accepted = 0
    var failures: [(number: Int, reason: String)] = []
  }

  /// A worker at work.
  private final class Running {
    let process = Process()
    let folder: URL
    let output = Pipe()
    let index: Int
    var reason: String?

    init(_ index: Int, folder: URL) { (self.index, self.folder) = (index, folder) }

    var progress: WorkerProgress? {
      WorkerProgress(contentsOf: folder.appending(path: "progress"))
    }
  }

  func run() throws -> Outcome {
    var outcome = Outcome()
    let workers = max(1, min(Parallel.processors, count / 100))
    var running = try (0..<workers).map { try start($0, from: $0, workers) }
    while !running.isEmpty {
      Thread.sleep(forTimeInterval: 0.02)
      var next: [Running] = []
      for worker in running {
        if worker.process.isRunning {
          check(worker)
          next.append(worker)
          continue
        }
        let last = try finish(worker, &outcome)
        let isCutShort =
          ContinuousClock.now >= deadline || outcome.failures.count >= Worker.maxFailures
        if let last, !isCutShort, last + workers < count {
          next.append(try start(worker.index, from: last + workers, workers))
        }
      }
      running = next
      if ContinuousClock.now >= deadline || outcome.failures.count >= Worker.maxFailures {
        for worker in running { worker.process.terminate() }
      }
    }
    outcome.failures.sort { $0.number < $1.number }
    return outcome
  }

  private func start(_ index: Int, from first: Int, _ stride: Int) throws -> Running {
    let place = folder.appending(path: "\(kind.rawValue)-\(index)")
    try? FileManager.default.removeItem(at: place)
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let worker = Running(index, folder: place)
    worker.process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    worker.process.arguments = [
      "work", kind.rawValue, "--seed", "\(seed)", "--first", "\(first)", "--stride", "\(stride)",
      "--count", "\(count)", "--folder", place.path,
    ]
    var environment = ProcessInfo.processInfo.environment
    // A trap is reported by the input's number: its backtrace would take seconds.
    environment["SWIFT_BACKTRACE"] = "enable=no"
    worker.process.environment = environment
    worker.process.standardOutput = worker.output
    try worker.process.run()
    return worker
  }

  /// Ends a worker that takes too much.
  private func check(_ worker: Running) {
    guard worker.reason == nil, let progress = worker.progress else { return }
    let status =
      (try? String(
        contentsOfFile: "/proc/\(worker.process.processIdentifier)/status", encoding: .utf8)) ?? ""
    let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
      .flatMap { Int($0.filter(\.isNumber)) }
    if WorkerProgress.now - progress.started > Worker.limits.nanoseconds {
      worker.reason = "took over \(Worker.limits.nanoseconds / 1_000_000_000) s"
    } else if let peak, peak > Worker.limits.kilobytes {
      worker.reason = "took \(peak >> 10) MiB of memory"
    }
    if worker.reason != nil { kill(worker.process.processIdentifier, SIGKILL) }
  }

  /// Adds what an ended worker has done. Returns its last input where it did not get to the end.
  private func finish(_ worker: Running, _ outcome: inout Outcome) throws -> Int? {
    let text = String(
      decoding: worker.output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: "\t", maxSplits: 1)
      guard parts.count == 2, let number = Int(parts[0]) else { continue }
      outcome.failures.append((number, String(parts[1])))
    }
    guard let progress = worker.progress else {
      throw FuzzFailure("\(kind.rawValue): a worker ended before its first input")
    }
    outcome.done += progress.done
    outcome.accepted += progress.accepted
    let process = worker.process
    if process.terminationReason == .exit, process.terminationStatus == 0 { return nil }
    if process.terminationReason == .exit, process.terminationStatus == Worker.tooLarge {
      worker.reason = worker.reason ?? "took over \(Worker.limits.kilobytes >> 10) MiB of memory"
    }
    let isStopped = worker.reason == nil && process.terminationStatus == SIGTERM
    if !isStopped {
      let reason =
        worker.reason ?? "ended the process (signal or code \(process.terminationStatus))"
      outcome.failures.append((progress.input, reason))
    }
    return progress.input
  }
}
