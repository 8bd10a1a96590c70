import Foundation
import Glibc
import Report

/// What the terminal can show, where there is one.
enum Terminal {
  /// Of standard output; plain where that is no terminal.
  static let output = style(STDOUT_FILENO)
  private static let errors = style(STDERR_FILENO)

  private static func style(_ descriptor: Int32) -> TextStyle {
    guard isatty(descriptor) == 1 else { return .plain }
    let environment = ProcessInfo.processInfo.environment
    let isDumb = (environment["TERM"] ?? "dumb") == "dumb"
    let isRefused = !(environment["NO_COLOR"] ?? "").isEmpty
    return TextStyle(width: width(descriptor), hasColours: !isDumb && !isRefused)
  }

  /// Columns of the terminal; nil where it does not say.
  private static func width(_ descriptor: Int32) -> Int? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// A line of standard error with its severity in colour, where there are colours.
  static func highlighted(_ line: String) -> String {
    let words: [(String, TextStyle.Ink)] = [
      ("error:", .red), ("Error:", .red), ("warning:", .yellow), ("Note:", .yellow),
    ]
    for (word, ink) in words {
      guard let place = line.range(of: word),
        place.lowerBound == line.startIndex || line[..<place.lowerBound].hasSuffix(": ")
      else { continue }
      return line.replacingCharacters(in: place, with: errors.text(word, ink))
    }
    return line
  }
}
