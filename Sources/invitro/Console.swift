import Basics
import Foundation
import Glibc
import Harness

/// What the user sees: results on standard output, everything else on standard error.
enum Console {
  static func print(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
  }

  static func message(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }

  static func fail(_ text: String, _ status: ExitStatus) -> Never {
    message(text)
    exit(status.rawValue)
  }

  /// A JSON document on standard output.
  static func json(_ value: some Encodable) throws {
    FileHandle.standardOutput.write(try CanonicalJSON.document(value))
  }

  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}

/// A progress bar on a terminal, plain lines elsewhere; always on standard error.
final class ProgressBar: @unchecked Sendable {
  private let label: String
  private let unit: String
  private let lock = NSLock()
  private var lastShown = -1
  private let started = Date()

  init(_ label: String, unit: String) {
    self.label = label
    self.unit = unit
  }

  /// Shows `done` of `total`; cheap enough to call often.
  func update(_ done: Int, of total: Int) {
    lock.withLock {
      let percent = total > 0 ? min(100, done * 100 / total) : 100
      let step = Console.errorIsTerminal ? percent : percent / 25 * 25
      guard step != lastShown else { return }
      lastShown = step
      if Console.errorIsTerminal {
        let filled = percent / 4
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 25 - filled)
        let end = percent == 100 ? "\n" : ""
        FileHandle.standardError.write(
          Data(
            "\r\(label) \(bar) \(percent)% \(done)/\(total) \(unit)\(remaining(percent))\(end)".utf8
          ))
      } else {
        Console.message("\(label): \(percent)% (\(done)/\(total) \(unit))")
      }
    }
  }

  private func remaining(_ percent: Int) -> String {
    guard percent > 0, percent < 100 else { return "    " }
    let seconds = Date().timeIntervalSince(started) * Double(100 - percent) / Double(percent)
    return seconds > 1 ? " \(Int(seconds)) s left" : "    "
  }
}
