import Basics
import Testing

@Suite("CSV")
struct CSVWriterTests {
  private func line(_ cell: CSVWriter.Cell) -> String {
    var csv = CSVWriter(["a"])
    csv.add([cell])
    return String(csv.text.dropFirst(2).dropLast())
  }

  @Test(
    "what a spreadsheet would take for a formula gets an apostrophe",
    arguments: ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\u{200B}=1", "＝1", "\u{202E}=1"])
  func formulas(text: String) {
    #expect(line(.text(text)).hasPrefix("'"))
  }

  @Test("other text stays", arguments: ["a=1", "1-2", "Team A", "", "Ünïcode 👩‍👩‍👧", "a@b.org"])
  func plain(text: String) {
    #expect(line(.text(text)) == text)
  }

  @Test("separators and quotes are quoted, also after the guard")
  func quotes() {
    #expect(line(.text("a,b")) == "\"a,b\"")
    #expect(line(.text("say \"hi\"")) == "\"say \"\"hi\"\"\"")
    #expect(line(.text("=HYPERLINK(\"x\",1)")) == "\"'=HYPERLINK(\"\"x\"\",1)\"")
    #expect(line(.text("two\r\nlines")) == "two  lines")
    #expect(line(.exact("two\r\nlines")) == "\"two\r\nlines\"")
    #expect(line(.exact("=1")) == "=1")
  }

  @Test("numbers are never guarded, and absent ones are empty")
  func numbers() {
    #expect(line(.number(-0.5)) == "-0.5")
    #expect(line(.number(-0.123456, decimals: 4)) == "-0.1235")
    #expect(line(.number(nil)) == "")
    #expect(line(.number(.nan, decimals: 4)) == "")
    #expect(line(.count(-3)) == "-3")
    #expect(line(.count(nil)) == "")
    #expect(line(.text(nil)) == "")
  }

  @Test("a table is a header and lines that end in LF")
  func table() {
    var csv = CSVWriter(["id", "value, raw"])
    csv.add([.text("x"), .number(1)])
    csv.add([.text("y"), .number(nil)])
    #expect(csv.text == "id,\"value, raw\"\nx,1.0\ny,\n")
  }
}

@Suite("Canonical JSON")
struct CanonicalJSONTests {
  struct Sample: Encodable {
    var b = "a/b ä"
    var a: [String: Double] = ["z": 1, "c": 0.1]
    var none: Int?
  }

  @Test("keys are sorted, slashes stay, nothing absent is written")
  func form() throws {
    #expect(
      String(decoding: try CanonicalJSON.compact(Sample()), as: UTF8.self)
        == #"{"a":{"c":0.1,"z":1},"b":"a/b ä"}"#)
    let document = String(decoding: try CanonicalJSON.document(Sample()), as: UTF8.self)
    #expect(document.hasSuffix("}\n") && document.contains("\n  \"b\" : \"a/b ä\""))
  }

  @Test("a number that is not finite is an error", arguments: [Double.nan, .infinity])
  func infinite(value: Double) {
    #expect(throws: BasicsError.self) { try CanonicalJSON.compact([value]) }
  }
}

@Suite("Invisible characters")
struct InvisibleCharactersTests {
  @Test("they are shown by number in messages")
  func escaped() {
    #expect(InvisibleCharacters.escaped("a\u{1B}[31mb") == "a\\u{1b}[31mb")
    #expect(InvisibleCharacters.escaped("x\u{202E}y\u{200D}z\n") == "x\\u{202e}y\\u{200d}z\\u{a}")
    #expect(InvisibleCharacters.escaped("plain, ä 漢") == "plain, ä 漢")
  }

  @Test("they are removed from pages; line ends become spaces")
  func removed() {
    #expect(InvisibleCharacters.removed(from: "a\u{1B}\u{202E}\u{FEFF}\u{E0041}b") == "ab")
    #expect(InvisibleCharacters.removed(from: "a\nb\tc\u{2028}d") == "a b c d")
    #expect(InvisibleCharacters.removed(from: "a\u{FFFE}\u{FFF9}b\u{AD}") == "ab")
  }

  @Test("what emoji and scripts need stays", arguments: ["👩‍👩‍👧", "می‌خواهم", "❤️", "\u{600}۱۲"])
  func kept(text: String) {
    #expect(InvisibleCharacters.removed(from: text) == text)
  }
}

@Suite("Text for matching")
struct MatchingTextTests {
  @Test(
    "two forms of one text match",
    arguments: [
      ("It's 5 o'clock!", "its 5 OCLOCK"), ("caf\u{E9}", "cafe\u{301}"),
      ("line\r\nend", "line end"), ("İstanbul", "istanbul"), ("x\u{200B}y", "xy"),
      ("½ cup", "½cup"),
    ])
  func match(a: String, b: String) {
    #expect(MatchingText(a) == MatchingText(b))
  }

  @Test("texts of other letters or digits do not", arguments: [("café", "cafe"), ("1", "2")])
  func differ(a: String, b: String) {
    #expect(MatchingText(a) != MatchingText(b))
  }

  @Test("marks that NFC leaves over are dropped")
  func marks() {
    #expect(MatchingText("q\u{307}\u{323}").text == "q")
    #expect(MatchingText("E\u{301}T\u{C9}").text == "été")
    #expect(MatchingText(" .,!").text == "")
  }

  @Test("words are cut at what is neither letter nor number")
  func words() {
    #expect(
      MatchingText.words("It's 5 o'clock, q\u{307}a") == ["it", "s", "5", "o", "clock", "qa"])
  }
}
