import Foundation
import Synchronization

/// A name that boards show, of a team or a system, or that lists show, of a token.
public struct DisplayName: Hashable, Sendable {
  /// The name in NFC, without spaces around it.
  public let text: String

  /// Most Unicode scalars of a name.
  public static let maxLength = 200

  /// What is wrong with a name.
  public struct Fault: Error, Equatable {
    public var found, expected: String

    package init(found: String, expected: String) {
      (self.found, self.expected) = (found, expected)
    }
  }

  /// - Throws: ``Fault`` for a name that is empty or over-long, has a character that cannot be seen
  ///   or is not assigned, or has no letter.
  public init(_ given: String) throws(Fault) {
    text = Self.normalised(given)
    let scalars = text.unicodeScalars
    if scalars.isEmpty { throw Fault(found: given, expected: "a name") }
    if let hidden = scalars.first(where: { !Self.isVisible($0) }) {
      let code = String(hidden.value, radix: 16, uppercase: true)
      let number = String(repeating: "0", count: max(0, 4 - code.count)) + code
      let name = hidden.properties.name.map { " \($0)" } ?? ""
      throw Fault(found: "U+\(number)\(name)", expected: "visible characters and plain spaces")
    }
    if scalars.count > Self.maxLength {
      throw Fault(found: text, expected: "at most \(Self.maxLength) characters")
    }
    if !scalars.contains(where: Self.isLetter) {
      throw Fault(found: text, expected: "a name with at least one letter")
    }
  }

  /// `given` in NFC, without white space around it.
  public static func normalised(_ given: String) -> String {
    given.precomposedStringWithCanonicalMapping.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
      .unassigned:
      false
    case .spaceSeparator: scalar == " "
    // U+2800 is the Braille pattern without dots.
    default: !scalar.properties.isDefaultIgnorableCodePoint && scalar.value != 0x2800
    }
  }
}

extension DisplayName {
  /// Names that share one of these keys look alike, or differ only in case or in width.
  ///
  /// The keys are skeletons (UTS #39) of the name in lower case and of the name as it is written:
  /// the Greek ν looks like a v, and the capital Ι like an l. A key is its own only key.
  public var keys: Set<String> { Self.keys(of: text) }

  /// The ``keys`` of any text; what cannot be seen of it does not count.
  public static func keys(of text: String) -> Set<String> {
    if let keys = known.withLock({ $0[text] }) { return keys }
    let keys = makeKeys(of: text)
    known.withLock { known in
      if known.count >= 4096 { known = [:] }
      known[text] = keys
    }
    return keys
  }

  /// A server asks for the same few names again and again.
  private static let known = Mutex<[String: Set<String>]>([:])

  private static func makeKeys(of text: String) -> Set<String> {
    let visible = text.unicodeScalars.filter { !$0.properties.isDefaultIgnorableCodePoint }
    let compatible = String(visible).precomposedStringWithCompatibilityMapping
    return [key(compatible), key(Confusables.skeleton(compatible))]
  }

  private static func key(_ text: String) -> String {
    var key = folded(text)
    // A prototype may be a capital, as O is of zero.
    for _ in 0..<4 {
      let next = folded(Confusables.skeleton(key))
      if next == key { break }
      key = next
    }
    return key.split(separator: " ").joined(separator: " ")
  }

  /// NFKC with case folding; Foundation folds no ß and no final sigma, capitals do.
  private static func folded(_ text: String) -> String {
    text.precomposedStringWithCompatibilityMapping.uppercased().lowercased()
      .precomposedStringWithCompatibilityMapping
  }
}

/// Characters that look like others (UTS #39), from a table that `scripts/confusables` makes.
package enum Confusables {
  /// By character: what ICU's `uspoof_getSkeletonUTF8` makes of it.
  package static let prototypes: [Unicode.Scalar: String] = {
    let text = String(decoding: PackageResources.confusables_txt, as: UTF8.self)
    var prototypes: [Unicode.Scalar: String] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let parts = line.split(separator: ";").map(scalars)
      guard parts.count == 2 else { continue }
      let prototype = String(String.UnicodeScalarView(parts[0]))
      for scalar in parts[1] { prototypes[scalar] = prototype }
    }
    return prototypes
  }()

  private static func scalars(_ numbers: Substring) -> [Unicode.Scalar] {
    numbers.split(separator: " ").compactMap { UInt32($0, radix: 16).flatMap(Unicode.Scalar.init) }
  }

  /// The skeleton of a text in NFKC: texts with the same skeleton look alike.
  package static func skeleton(_ text: String) -> String {
    var skeleton = String.UnicodeScalarView()
    for scalar in text.decomposedStringWithCanonicalMapping.unicodeScalars {
      if let prototype = prototypes[scalar] {
        skeleton.append(contentsOf: prototype.unicodeScalars)
      } else {
        skeleton.append(scalar)
      }
    }
    return String(skeleton).decomposedStringWithCanonicalMapping
  }
}
