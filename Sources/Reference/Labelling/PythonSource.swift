package import Foundation

/// Reads single string literals out of a Python source file, to the letter, and refuses what it does
/// not know: a literal that is one of several or part of an expression, another prefix than `f`, an
/// escape other than those of a line's end, `\n`, `\t`, `\\` and quotes, and fields of an f-string
/// other than a plain name. It runs nothing.
package struct PythonSource {
  /// A part of a literal: text, or the name in the braces of an f-string.
  package enum Part: Equatable {
    case text(String)
    case field(String)
  }

  private let file: URL
  /// Line ends are LF, as Python reads them.
  private let text: [Unicode.Scalar]
  private var position = 0

  package init(contentsOf file: URL) throws(ReferenceError) {
    self.file = file
    let text = try ReferenceError.readText(file, expected: "a Python source file")
    self.text = Array(text.replacingOccurrences(of: "\r\n", with: "\n").unicodeScalars)
  }

  /// The literal that follows `marker`, which stands once in the function `name` of the module.
  /// A marker that ends in a parenthesis begins a call, and its literal is the first argument.
  package func literal(after marker: String, in name: String) throws(ReferenceError) -> [Part] {
    let body = try function(name)
    let places = occurrences(of: marker, in: body)
    guard places.count == 1, let place = places.first else {
      throw fault(
        body.lowerBound, found: "\(marker) \(places.count) times in \(name)", expected: "it once")
    }
    var reader = self
    reader.position = place + marker.unicodeScalars.count
    let isArgument = marker.hasSuffix("(")
    reader.skipBlanks(lines: isArgument)
    let parts = try reader.literal()
    reader.skipBlanks(lines: isArgument)
    let ends: [Unicode.Scalar?] = isArgument ? [",", ")"] : ["\n", "#", nil]
    guard ends.contains(reader.next) else {
      throw reader.fault(expected: "nothing after the literal")
    }
    return parts
  }

  /// The place of the only function `name`, up to the next line that is not indented.
  private func function(_ name: String) throws(ReferenceError) -> Range<Int> {
    let head = "def \(name)("
    let starts = occurrences(of: head, in: 0..<text.count).filter {
      $0 == 0 || text[$0 - 1] == "\n"
    }
    guard starts.count == 1, let start = starts.first else {
      throw fault(0, found: "\(starts.count) functions \(name)", expected: "one")
    }
    let isEnd: (Int) -> Bool = { place in
      text[place - 1] == "\n" && ![" ", "\t", "\n", "#", ")"].contains(text[place])
    }
    return start..<(((start + 1)..<text.count).first(where: isEnd) ?? text.count)
  }

  private func occurrences(of string: String, in range: Range<Int>) -> [Int] {
    let wanted = Array(string.unicodeScalars)
    guard range.count >= wanted.count else { return [] }
    return (range.lowerBound...(range.upperBound - wanted.count)).filter {
      text[$0..<($0 + wanted.count)].elementsEqual(wanted)
    }
  }

  // MARK: One literal

  private var next: Unicode.Scalar? { position < text.count ? text[position] : nil }

  private mutating func take(_ string: String) -> Bool {
    guard text[position...].starts(with: string.unicodeScalars) else { return false }
    position += string.unicodeScalars.count
    return true
  }

  private mutating func skipBlanks(lines: Bool) {
    while let scalar = next, scalar == " " || scalar == "\t" || lines && scalar == "\n" {
      position += 1
    }
  }

  private mutating func literal() throws(ReferenceError) -> [Part] {
    let isFormatted = take("f") || take("F")
    guard let quote = ["\"\"\"", "'''", "\"", "'"].first(where: { take($0) }) else {
      throw fault(expected: "a string literal with the prefix f or none")
    }
    var parts: [Part] = []
    var string = ""
    while !take(quote) {
      guard let scalar = next, scalar != "\n" || quote.count == 3 else {
        throw fault(expected: "the literal's closing \(quote)")
      }
      position += 1
      switch scalar {
      case "\\": string += try escape()
      case "{" where isFormatted && !take("{"):
        parts.append(.text(string))
        parts.append(.field(try field()))
        string = ""
      case "}" where isFormatted && !take("}"): throw fault(expected: "}} for a brace")
      default: string.unicodeScalars.append(scalar)
      }
    }
    return (parts + [.text(string)]).filter { $0 != .text("") }
  }

  /// What the escape after a backslash stands for.
  private mutating func escape() throws(ReferenceError) -> String {
    let escapes: [Unicode.Scalar: String] = [
      "\n": "", "n": "\n", "t": "\t", "\\": "\\", "'": "'", "\"": "\"",
    ]
    guard let value = next.flatMap({ escapes[$0] }) else {
      throw fault(expected: #"one of the escapes \n, \t, \\, \', \" or a line's end"#)
    }
    position += 1
    return value
  }

  /// The name of a field, whose opening brace is read.
  private mutating func field() throws(ReferenceError) -> String {
    var name = ""
    while let scalar = next, scalar == "_" || scalar.isASCII && scalar.properties.isAlphabetic {
      name.unicodeScalars.append(scalar)
      position += 1
    }
    guard !name.isEmpty, take("}") else { throw fault(expected: "a name alone in braces") }
    return name
  }

  private func fault(expected: String) -> ReferenceError {
    fault(
      position, found: next.map { String($0).debugDescription } ?? "the end", expected: expected)
  }

  private func fault(_ place: Int, found: String, expected: String) -> ReferenceError {
    let before = text[..<min(place, text.count)]
    let line = before.count { $0 == "\n" } + 1
    let column = place - (before.lastIndex(of: "\n") ?? -1)
    return .invalid(file, at: .line(line, column: column), found: found, expected: expected)
  }
}
