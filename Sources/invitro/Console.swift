import Basics
import Foundation
import Glibc
import Harness
import Synchronization

/// What the user sees: results on standard output, everything else on standard error.
enum Console {
  static func print(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

  static func message(_ text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let shown = lines.map { Terminal.highlighted(String($0)) }.joined(separator: "\n")
    FileHandle.standardError.write(Data((shown + "\n").utf8))
  }

  static func fail(_ text: String, _ status: ExitStatus) -> Never {
    FaultListing.flush()
    message(text)
    exit(status.rawValue)
  }

  /// A JSON document on standard output.
  static func json(_ value: some Encodable) throws {
    FileHandle.standardOutput.write(try CanonicalJSON.document(value))
  }

  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// A line that the next one replaces on a terminal, a plain message elsewhere.
  static func status(_ line: String, isLast: Bool = false) {
    guard errorIsTerminal else { return message(line) }
    FileHandle.standardError.write(Data("\r\u{1B}[K\(line)\(isLast ? "\n" : "")".utf8))
  }

  static func duration(_ seconds: Double) -> String {
    seconds < 90 ? "\(Int(seconds)) s" : "\(Int(seconds / 60)) min"
  }
}

/// A progress bar on a terminal, plain lines elsewhere; always on standard error.
final class ProgressBar: Sendable {
  private let label, unit: String
  private let shown = Mutex(-1)
  private let started = Date()

  init(_ label: String, unit: String) { (self.label, self.unit) = (label, unit) }

  /// Shows `done` of `total`; cheap enough to call often.
  func update(_ done: Int, of total: Int) {
    shown.withLock { shown in
      let percent = total > 0 ? min(100, done * 100 / total) : 100
      let step = Console.errorIsTerminal ? percent : percent / 25 * 25
      guard step != shown else { return }
      shown = step
      guard Console.errorIsTerminal else {
        return Console.message("\(label): \(percent)% (\(done)/\(total) \(unit))")
      }
      let filled = percent / 4
      let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 25 - filled)
      let seconds = Date().timeIntervalSince(started) * Double(100 - percent) / Double(percent)
      let left = percent > 0 && seconds > 1 ? " \(Int(seconds)) s left" : ""
      Console.status(
        "\(label) \(bar) \(percent)% \(done)/\(total) \(unit)\(left)", isLast: percent == 100)
    }
  }
}

/// Warnings on standard error, after the result.
enum FaultListing {
  private static let waiting = Mutex<[Diagnostic]>([])

  /// Has `faults` told when the command ends.
  static func show(_ faults: [Diagnostic]) { waiting.withLock { $0 += faults } }

  /// Tells what waits.
  static func flush() {
    let faults = waiting.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
    for line in DiagnosticListing(faults).lines { Console.message(line) }
  }
}
