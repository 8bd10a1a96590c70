public import Basics

/// One thing that is wrong with a file, and where.
///
/// Readers collect every fault of a file before they give up, so that a user mends them in one go.
public struct Diagnostic: Codable, Sendable, Hashable, CustomStringConvertible {
  public var severity: Severity
  /// Stable name of the kind of fault, for programs.
  public var code: Code
  /// The file as the user named it.
  public var file: String
  /// One-based line of the file.
  public var line: Int?
  /// One-based field of the line, or character where `code` is about syntax.
  public var column: Int?
  /// Name of the column where the file has a header.
  public var field: String?
  /// The value as it stands in the file, shortened to 60 characters; never a gold label or essay.
  public var found: String?
  public var expected: String

  public enum Severity: String, Codable, Sendable { case error, warning }

  public enum Code: String, Codable, Sendable, CaseIterable {
    case encoding, syntax, fieldCount, header, number, nonFinite, decimalComma, range, rowCount
    case unknownID, missingID, repeatedID, missingValue, constantColumn, notAttempted, archive
    case json, duplicate, demographics, text, metadata, delimiter, rowNumbers, scale, order
  }

  public init(
    _ code: Code, severity: Severity = .error, file: String, line: Int? = nil, column: Int? = nil,
    field: String? = nil, found: String? = nil, expected: String
  ) {
    (self.code, self.severity, self.file) = (code, severity, file)
    (self.line, self.column, self.field) = (line, column, field)
    (self.found, self.expected) = (found.map(Diagnostic.shortened), expected)
  }

  /// At most 60 characters of `text`, with control characters made visible.
  static func shortened(_ text: String) -> String {
    let out = InvisibleCharacters.escaped(String(text.unicodeScalars.prefix(61)))
    return out.count > 60 ? String(out.prefix(60)) + "…" : out
  }

  /// The file, and what of line, column and field is known.
  var place: String {
    var place = file
    if let line { place += ":\(line)" }
    if let column { place += ":\(column)" }
    if let field { place += " (\(field))" }
    return place
  }

  public var description: String {
    let what = found.map { "found \($0.isEmpty ? "an empty value" : "'\($0)'"), " } ?? ""
    return "\(place): \(severity.rawValue): \(what)expected \(expected)"
  }
}

extension [Diagnostic] {
  /// Adds a fault; its parts are those of ``Diagnostic``.
  mutating func add(
    _ code: Diagnostic.Code, severity: Diagnostic.Severity = .error, file: String, line: Int? = nil,
    column: Int? = nil, field: String? = nil, found: String? = nil, expected: String
  ) {
    append(
      Diagnostic(
        code, severity: severity, file: file, line: line, column: column, field: field,
        found: found, expected: expected))
  }

  /// Adds the faults of `error`; throws any other error.
  mutating func take(_ error: HarnessError) throws(HarnessError) {
    guard case .invalid(let faults) = error else { throw error }
    self += faults
  }

  /// - Throws: ``HarnessError/invalid(_:)`` with all of them where one is an error.
  func throwErrors() throws(HarnessError) {
    if contains(where: { $0.severity == .error }) { throw .invalid(self) }
  }
}

/// Everything that can go wrong in this module.
public enum HarnessError: CommandError {
  /// Input that breaks the rules of its form; every fault is listed.
  case invalid([Diagnostic])
  /// A file or folder that is needed is not there.
  case missing(path: String, hint: String)
  /// A file that would be overwritten, or an entry that is there already.
  case conflict(what: String, hint: String)
  /// The request can't be met as it was put.
  case usage(String)
  /// The operating system refused: disk full, no permission.
  case system(path: String, reason: String)

  public var description: String {
    switch self {
    case .invalid(let faults):
      let errors = faults.count { $0.severity == .error }
      let head = errors == 1 ? "1 error" : "\(errors) errors"
      return (DiagnosticListing(faults).lines + [head]).joined(separator: "\n")
    case .missing(let path, let hint): return "\(path) is not there. \(hint)"
    case .conflict(let what, let hint): return "\(what). \(hint)"
    case .usage(let text): return text
    case .system(let path, let reason): return "\(path): \(reason)"
    }
  }

  /// A single fault of a file.
  static func fault(
    _ code: Diagnostic.Code, file: String, line: Int? = nil, found: String? = nil, expected: String
  ) -> HarnessError {
    .invalid([Diagnostic(code, file: file, line: line, found: found, expected: expected)])
  }

  public init(_ error: BasicsError) {
    self =
      switch error {
      case .file(let path, let reason): .system(path: path, reason: reason)
      case .json: .system(path: "JSON", reason: error.description)
      }
  }

  /// What `body` gives; its error becomes one of this module.
  package static func wrapping<Value>(
    _ body: () throws(BasicsError) -> Value
  ) throws(HarnessError) -> Value {
    do throws(BasicsError) { return try body() } catch { throw HarnessError(error) }
  }

  /// The exit code a command ends with.
  public var exitStatus: ExitStatus {
    switch self {
    case .invalid, .conflict: .badData
    case .missing: .missingInput
    case .usage: .usage
    case .system: .unavailable
    }
  }
}
