import Foundation

/// The rows of a sample file by column name, read by a twin of the rules alone: a field is quoted
/// or not, `\"` is a quote, line feeds may stand in a quoted field.
struct EscapedTable {
  let header: [String]
  let rows: [[String]]

  init(contentsOf file: URL, separator: Character = ",") throws {
    let text = try String(contentsOf: file, encoding: .utf8).replacing("\r\n", with: "\n")
    var lines: [[String]] = []
    var line: [String] = []
    var field = ""
    var quoted = false
    var escaped = false
    for character in text {
      if escaped {
        field.append(character)
        escaped = false
      } else if character == "\\" {
        escaped = true
      } else if character == "\"" {
        quoted.toggle()
      } else if character == separator, !quoted {
        line.append(field)
        field = ""
      } else if character == "\n", !quoted {
        lines.append(line + [field])
        line = []
        field = ""
      } else {
        field.append(character)
      }
    }
    header = lines[0]
    rows = Array(lines.dropFirst())
  }

  subscript(column: String) -> [String] {
    guard let index = header.firstIndex(of: column) else { return [] }
    return rows.map { $0[index] }
  }

  func numbers(_ column: String) -> [Double] { self[column].compactMap { Double($0) } }
}

enum Moments {
  static func mean(_ x: [Double]) -> Double { x.reduce(0, +) / Double(x.count) }

  static func deviation(_ x: [Double]) -> Double {
    let m = mean(x)
    return (x.reduce(0) { $0 + ($1 - m) * ($1 - m) } / Double(x.count - 1)).squareRoot()
  }

  static func correlation(_ x: [Double], _ y: [Double]) -> Double {
    let (mx, my) = (mean(x), mean(y))
    var (sxy, sxx, syy) = (0.0, 0.0, 0.0)
    for (a, b) in zip(x, y) {
      sxy += (a - mx) * (b - my)
      sxx += (a - mx) * (a - mx)
      syy += (b - my) * (b - my)
    }
    return sxy / (sxx * syy).squareRoot()
  }

  /// Krippendorff's interval alpha of two raters without gaps.
  static func alpha(_ x: [Double], _ y: [Double]) -> Double {
    let all = x + y
    let m = mean(all)
    let observed = zip(x, y).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(x.count)
    let expected = 2 * all.reduce(0) { $0 + ($1 - m) * ($1 - m) } / Double(all.count - 1)
    return 1 - observed / expected
  }
}
