import Basics
import Foundation
import Synchronization

/// Sends changed requests to a real server over many connections.
struct RequestRun {
  static let count = 100_000
  static let weight = 6.0
  private static let threads = 8
  private static let batchSize = 10
  private static let maxFailures = 20
  /// Longest time of an answer, and of the end of a connection that sends no more.
  private static let answerMilliseconds: Int32 = 10_000
  private static let maxMemory = 2048

  let seed: UInt64
  let count: Int
  let folder: URL
  let deadline: ContinuousClock.Instant
  /// Folder for batches that fail.
  let failures: URL

  struct Outcome: Sendable {
    var done = 0
    var statuses: [Int: Int] = [:]
    var failures: [String] = []
    var peakMemory = 0

    var summary: String {
      let counts = statuses.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
      return "answers \(counts.joined(separator: ", ")); the server took \(peakMemory) MiB"
    }
  }

  func run() throws -> Outcome {
    let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "invitro")
    let server = try ServerProcess(program: program, folder: folder.appending(path: "server"))
    let inputs = RequestInputs(
      token: server.token, submission: "x", predictions: try server.predictions)
    let port = server.port
    let outcome = Mutex(Outcome())
    let next = Atomic<Int>(0)
    Parallel.run(Self.threads, threads: Self.threads) { _ in
      while ContinuousClock.now < deadline {
        let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
        let isDone = outcome.withLock { $0.done >= count || $0.failures.count >= Self.maxFailures }
        if isDone { return }
        var random = SplitMix64(seed: seed, labels: [1000, UInt64(number)])
        let batch = inputs.batch(&random, size: Self.batchSize)
        let (statuses, fault) = send(batch, port)
        outcome.withLock {
          // What stands behind a request after which the server closed was not read.
          $0.done += max(1, statuses.count)
          for status in statuses { $0.statuses[status, default: 0] += 1 }
          if let fault { $0.failures.append(save(batch, number, fault)) }
        }
      }
    }
    var total = outcome.withLock { $0 }
    total.peakMemory = server.peakMemory
    total.failures += try check(server)
    return total
  }

  private func save(_ batch: RequestInputs.Batch, _ number: Int, _ fault: String) -> String {
    let file = failures.appending(path: "requests-\(seed)-\(number)")
    try? AtomicFile.write(Data(batch.bytes), to: file)
    return "batch \(number) (\(file.relativePath)): \(fault)"
  }

  /// Sends a batch; the statuses of the answers, and what is wrong with them.
  private func send(_ batch: RequestInputs.Batch, _ port: Int) -> (statuses: [Int], fault: String?)
  {
    guard let wire = try? Wire(port: port) else { return ([], "the server takes no connection") }
    wire.send(batch.bytes)
    var (reader, statuses) = (ResponseReader(), [Int]())
    var isSending = true
    while true {
      let method = statuses.count < batch.methods.count ? batch.methods[statuses.count] : ""
      if let status = reader.next(to: method) {
        statuses.append(status)
        if status == 0 { return (statuses, "an answer that is not HTTP") }
        if status >= 500, status != 503 { return (statuses, "status \(status) to \(method)") }
        continue
      }
      if batch.isFramed, statuses.count == batch.methods.count { return (statuses, nil) }
      // A damaged request may be one that the server waits for the rest of.
      let wait = batch.isFramed || !isSending ? Self.answerMilliseconds : 30
      switch wire.receive(milliseconds: wait) {
      case .bytes(let bytes): reader.append(bytes)
      case .closed: return (statuses, nil)
      case .nothing where !batch.isFramed && isSending:
        wire.finishSending()
        isSending = false
      case .nothing:
        let what = batch.isFramed ? "no answer to request \(statuses.count)" : "no end"
        return (statuses, "\(what) within \(Self.answerMilliseconds / 1000) s")
      }
    }
  }

  /// What is wrong with the server after all requests.
  private func check(_ server: ServerProcess) throws -> [String] {
    var faults: [String] = []
    guard server.isRunning else {
      return ["the server has ended; its log:\n\(server.log.suffix(2000))"]
    }
    let health = RequestInputs.Batch(
      bytes: Array("GET /api/v1/healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8),
      methods: ["GET"])
    if send(health, server.port).statuses != [200] { faults.append("healthz is no longer 200") }
    if server.peakMemory > Self.maxMemory {
      faults.append("the server took \(server.peakMemory) MiB")
    }
    if let line = server.log.split(separator: "\n").first(where: { $0.contains(RequestInputs.mark) }
    ) {
      faults.append("the log tells of a request's content: \(line.prefix(300))")
    }
    if let line = server.log.split(separator: "\n").first(where: { $0.contains("rror:") }) {
      faults.append("the log tells of a fault: \(line.prefix(300))")
    }
    server.stop()
    return faults
  }
}
