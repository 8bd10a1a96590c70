import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// `invitro serve` on loopback, started as an operator starts it.
final class RunningServer: Sendable {
  let port: Int
  private let scheme: String
  private let process: Mutex<Process>
  private let streams: TemporaryFolder

  /// - Parameters:
  ///   - prefix: a shell command that starts the program, for limits: `ulimit … &&`.
  ///   - port: 0 takes a free one.
  init(
    _ program: Program, _ arguments: [String] = [], prefix: String = "", port: Int = 0
  ) throws {
    streams = try TemporaryFolder()
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    let command = ["serve", "--port", "\(port)"] + arguments
    process.arguments = ["-c", "\(prefix) exec \"$0\" \"$@\"", program.binary.path] + command
    process.currentDirectoryURL = program.folder
    process.environment = Program.environment
    for (name, attach) in [("out", \Process.standardOutput), ("err", \Process.standardError)] {
      process[keyPath: attach] = try FileHandle(forWritingTo: streams.write("", to: name))
    }
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let log = streams.file("err")
    var found: (scheme: Substring, port: Int?)?
    // A machine under load may be slow; a server that ended will never say its port.
    while found == nil, process.isRunning {
      let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
      found = text.firstMatch(of: /listening on (https?):\/\/127\.0\.0\.1:(\d+)\n/).map {
        ($0.1, Int($0.2))
      }
      usleep(5_000)
    }
    self.process = Mutex(process)
    let (scheme, port) = try #require(
      found, "\((try? String(contentsOf: log, encoding: .utf8)) ?? "no log")")
    (self.scheme, self.port) = (String(scheme), try #require(port))
  }

  deinit { kill() }

  var identifier: Int32 { process.withLock { $0.processIdentifier } }

  /// All that it wrote on standard output and standard error.
  var log: String {
    ["out", "err"].map { (try? String(contentsOf: streams.file($0), encoding: .utf8)) ?? "" }
      .joined(separator: "\n")
  }

  /// Asks it to end (SIGTERM) and waits.
  @discardableResult
  func stop() -> Int32 {
    process.withLock { process in
      process.terminate()
      process.waitUntilExit()
      return process.terminationStatus
    }
  }

  /// Kills it with -9.
  func kill() {
    process.withLock { process in
      guard process.isRunning else { return }
      Glibc.kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
  }

  func url(_ path: String) -> String { "\(scheme)://127.0.0.1:\(port)\(path)" }
}
