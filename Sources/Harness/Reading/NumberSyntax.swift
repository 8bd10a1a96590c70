import Foundation

/// Reads one number as a person wrote it, or says what is wrong with it.
enum NumberSyntax {
  enum Diagnostic: Equatable {
    case empty
    case decimalComma
    case nonFinite
    case notANumber
  }

  /// A finite number, written with a point as decimal sign; white space around it is ignored.
  static func parse(_ text: some StringProtocol) -> Result<Double, FaultBox> {
    let trimmed = text.trimmingCharacters(in: .whitespaces)
    if trimmed.isEmpty { return .failure(FaultBox(.empty)) }
    // Swift's Double accepts hexadecimal floats, "inf" and "nan"; only decimal digits are wanted.
    let lowered = trimmed.lowercased()
    let bare = lowered.drop { $0 == "+" || $0 == "-" }
    if ["nan", "inf", "infinity"].contains(String(bare)) { return .failure(FaultBox(.nonFinite)) }
    let allowed = lowered.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
        || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "e")
    }
    if allowed, let number = Double(trimmed) {
      return number.isFinite ? .success(number) : .failure(FaultBox(.nonFinite))
    }
    let pointed = trimmed.replacingOccurrences(of: ",", with: ".")
    if pointed != trimmed, Double(pointed) != nil { return .failure(FaultBox(.decimalComma)) }
    return .failure(FaultBox(.notANumber))
  }

  /// Carries a fault through `Result`.
  struct FaultBox: Error, Equatable {
    let fault: Diagnostic
    init(_ fault: Diagnostic) { self.fault = fault }
  }

  /// The fault of a cell that should hold a number.
  static func fault(
    _ fault: Diagnostic, file: String, line: Int, column: Int, field: String?, found: String
  ) -> Harness.Diagnostic {
    let (code, expected): (Harness.Diagnostic.Code, String) =
      switch fault {
      case .empty: (.missingValue, "a number")
      case .decimalComma: (.decimalComma, "a number with a point as decimal sign")
      case .nonFinite: (.nonFinite, "a finite number")
      case .notANumber: (.number, "a number")
      }
    return Harness.Diagnostic(
      code, file: file, line: line, column: column, field: field, found: found, expected: expected)
  }
}
