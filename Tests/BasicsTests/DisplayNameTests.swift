import Basics
import Foundation
import Glibc
import Testing

@Suite("Names that boards show")
struct DisplayNameTests {
  @Test(
    "names that look alike share a key",
    arguments: [
      ("Team A", "team a"), ("Team A", "Te\u{430}m A"), ("model", "rnodel"), ("Team", "Ｔｅａｍ"),
      ("ﬁve", "five"), ("Straße", "STRASSE"), ("BERT", "\u{412}ERT"), ("AI Lab", "Al Lab"),
      ("vision", "\u{3BD}ision"), ("Team O", "Team 0"), ("Team 1", "Team l"),
      ("Team A", "Team   A"), ("It's", "It’s"), ("a-b", "a‐b"), ("Café", "Cafe\u{301}"),
      ("ὈΔΥΣΣΕΎΣ", "ὀδυσσεύς"), ("a\u{200D}b", "ab\u{200D}"),
    ])
  func lookAlikes(one: String, other: String) {
    #expect(!DisplayName.keys(of: one).isDisjoint(with: DisplayName.keys(of: other)))
  }

  @Test(
    "names that differ visibly share none",
    arguments: [
      ("Team A", "Team B"), ("vice", "nice"), ("Cafe", "Café"), ("Team A", "Team-A"),
      ("fail", "fall"), ("日本", "日木"), ("Team 1", "Team 2"), ("model", "modell"),
    ])
  func different(one: String, other: String) {
    #expect(DisplayName.keys(of: one).isDisjoint(with: DisplayName.keys(of: other)))
  }

  @Test("a key of a key is that key, for every character with a look-alike and mixtures of them")
  func stable() {
    var generator = SplitMix64(seed: 11)
    let scalars = Confusables.prototypes.keys.sorted { $0.value < $1.value }
    let capitals = (0x20..<0x2000).compactMap(Unicode.Scalar.init)
    var texts = (scalars + capitals).map { String($0) }
    for _ in 0..<2000 {
      let mixture = (0..<6).compactMap { _ in (scalars + capitals).randomElement(using: &generator)
      }
      texts.append(String(String.UnicodeScalarView(mixture)))
    }
    let unstable = texts.filter { text in
      DisplayName.keys(of: text).contains { DisplayName.keys(of: $0) != [$0] }
    }
    #expect(unstable.isEmpty, "\(unstable.prefix(5).map { $0.unicodeScalars.map(\.value) })")
  }

  @Test(
    "a name is refused with what was found",
    arguments: [
      ("", "", "a name"), (" \n", " \n", "a name"),
      ("42 %", "42 %", "a name with at least one letter"),
      ("a\u{200D}b", "U+200D ZERO WIDTH JOINER", hidden),
      ("a\u{202E}b", "U+202E RIGHT-TO-LEFT OVERRIDE", hidden), ("a\tb", "U+0009", hidden),
      ("a\u{3164}", "U+3164 HANGUL FILLER", hidden), ("a\u{A0}b", "U+00A0 NO-BREAK SPACE", hidden),
      ("a\u{2800}", "U+2800 BRAILLE PATTERN BLANK", hidden), ("a\u{E000}", "U+E000", hidden),
      ("a\u{378}", "U+0378", hidden), ("a\u{10FFFF}", "U+10FFFF", hidden),
    ])
  func faults(name: String, found: String, expected: String) {
    #expect(throws: DisplayName.Fault(found: found, expected: expected)) {
      _ = try DisplayName(name)
    }
  }

  private static let hidden = "visible characters and plain spaces"

  @Test("a name may have 200 characters of any script and is kept in NFC without spaces around it")
  func kept() throws {
    #expect(
      try DisplayName(" Cafe\u{301} ").text.unicodeScalars.elementsEqual("Caf\u{E9}".unicodeScalars)
    )
    for name in ["Группа 7", "東京大学", "فريق", "टीम", "Team №1 (β) 🎈"] {
      #expect(try DisplayName(name).text == name)
    }
    #expect(try DisplayName(String(repeating: "a", count: 200)).text.count == 200)
    let long = String(repeating: "a", count: 201)
    #expect(throws: DisplayName.Fault(found: long, expected: "at most 200 characters")) {
      _ = try DisplayName(long)
    }
  }

  @Test(
    "skeletons are those of the ICU that the table was made from", .enabled(if: ICU.shared != nil))
  func icu() throws {
    let icu = try #require(ICU.shared)
    #expect(Confusables.prototypes.count == 2527)
    var texts = (0x20..<0x110000).compactMap(Unicode.Scalar.init).filter { scalar in
      scalar.properties.generalCategory != .unassigned
        && scalar.properties.generalCategory != .privateUse
    }.map { String($0) }.filter { text in
      text.decomposedStringWithCompatibilityMapping.unicodeScalars
        .elementsEqual(text.unicodeScalars)
    }
    var generator = SplitMix64(seed: 7)
    for _ in 0..<2000 {
      let mixture = (0..<8).compactMap { _ in texts.randomElement(using: &generator) }.joined()
      texts.append(mixture.precomposedStringWithCompatibilityMapping)
    }
    let wrong = texts.filter { Confusables.skeleton($0) != icu.skeleton($0) }
    #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(5))")
  }
}

/// The ICU of `scripts/confusables`, where it is installed.
private struct ICU: @unchecked Sendable {
  typealias Open = @convention(c) (UnsafeMutablePointer<Int32>) -> OpaquePointer?
  typealias Skeleton =
    @convention(c) (
      OpaquePointer, UInt32, UnsafePointer<CChar>, Int32, UnsafeMutablePointer<CChar>?, Int32,
      UnsafeMutablePointer<Int32>
    ) -> Int32

  let checker: OpaquePointer
  let getSkeleton: Skeleton

  static let shared: ICU? = {
    guard let library = dlopen("libicui18n.so.72", RTLD_NOW),
      let open = dlsym(library, "uspoof_open_72"),
      let skeleton = dlsym(library, "uspoof_getSkeletonUTF8_72")
    else { return nil }
    var status: Int32 = 0
    return unsafeBitCast(open, to: Open.self)(&status).map {
      ICU(checker: $0, getSkeleton: unsafeBitCast(skeleton, to: Skeleton.self))
    }
  }()

  func skeleton(_ text: String) -> String {
    let bytes = text.utf8.map { CChar(bitPattern: $0) }
    var out = [CChar](repeating: 0, count: 64 * bytes.count + 64)
    var status: Int32 = 0
    let count = getSkeleton(
      checker, 0, bytes, Int32(bytes.count), &out, Int32(out.count), &status)
    return String(decoding: out.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
