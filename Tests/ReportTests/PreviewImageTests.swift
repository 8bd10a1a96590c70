import Foundation
import Harness
import Report
import TestSupport
import Testing

@Suite("Pictures beside links")
struct PreviewImageTests {
  /// Reads a block with fixed codes bit by bit, as RFC 1951 describes it.
  private struct Inflater {
    let bytes: [UInt8]
    var place = 0

    mutating func bits(_ count: Int) -> Int {
      (0..<count).reduce(0) { value, bit in
        defer { place += 1 }
        return value | Int(bytes[place >> 3] >> UInt8(place & 7) & 1) << bit
      }
    }

    mutating func code(_ count: Int) -> Int {
      (0..<count).reduce(0) { value, _ in value << 1 | bits(1) }
    }

    mutating func symbol() -> Int {
      let seven = code(7)
      if seven < 24 { return 256 + seven }
      let eight = seven << 1 | bits(1)
      if eight < 0xC0 { return eight - 0x30 }
      if eight < 0xC8 { return 280 + eight - 0xC0 }
      return 144 + (eight << 1 | bits(1)) - 0x190
    }

    mutating func inflate() -> [UInt8] {
      let lengths = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
        131, 163, 195, 227, 258,
      ]
      let distances = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
        2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
      ]
      #expect(bits(1) == 1 && bits(2) == 1)
      var out: [UInt8] = []
      while true {
        let symbol = symbol()
        if symbol < 256 { out.append(UInt8(symbol)) }
        if symbol == 256 { return out }
        guard symbol > 256 else { continue }
        let row = symbol - 257
        let length = lengths[row] + bits(row < 8 || row == 28 ? 0 : row / 4 - 1)
        let column = code(5)
        let distance = distances[column] + bits(column < 4 ? 0 : column / 2 - 1)
        for _ in 0..<length { out.append(out[out.count - distance]) }
      }
    }
  }

  @Test(
    "what is deflated inflates to the same bytes, at every distance and length",
    arguments: [1, 2, 3, 4, 7, 24, 192, 1201, 4000, 32768], [0, 2, 3, 10, 11, 257, 258, 259, 5000])
  func roundTrip(distance: Int, run: Int) {
    var random = UInt64(distance * 7919 + run)
    var bytes = (0..<(distance + 300)).map { _ in
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: random >> 33)
    }
    for _ in 0..<run { bytes.append(bytes[bytes.count - distance]) }
    bytes += [1, 1, 1, 1, 2, 255]
    var inflater = Inflater(bytes: Deflate.compress(bytes, distances: [1, distance]))
    #expect(inflater.inflate() == bytes)
  }

  @Test("checksums are those of the standards")
  func checksums() {
    #expect(Checksum.crc32(Array("IEND".utf8)) == 0xAE42_6082)
    #expect(Checksum.adler32(Array("Wikipedia".utf8)) == 0x11E6_0398)
    let long = [UInt8](repeating: 255, count: 100_000)
    var (a, b) = (1, 0)
    for byte in long { (a, b) = ((a + Int(byte)) % 65521, (a + Int(byte) + b) % 65521) }
    #expect(Checksum.adler32(long) == UInt32(b << 16 | a))
  }

  @Test("every printable ASCII character is drawn, accents are dropped, the rest is a box")
  func letters() {
    let ascii = (0x20...0x7E).compactMap { Unicode.Scalar($0).map(Character.init) }
    #expect(StrokeFont.plain(String(ascii)) == ascii)
    #expect(String(StrokeFont.plain("Nähe – ‘où’ 日…")) == "Nahe - 'ou' □…")
  }

  private func input(_ entries: [Board.Entry]) throws -> SiteInput {
    var input = try SampleInput.input(
      entries + [SampleInput.published("paper", pcc: 0.6)],
      comparison: SampleInput.comparison("a", "b"))
    input.address = URL(string: "https://example.org/board/")
    return input
  }

  @Test("each kind of page has its own, of the size that its tags say, and small")
  func pictures() throws {
    var gone = SampleInput.entry("gone", pcc: 0.4)
    gone.metadata.history = [.init(day: "2026-01-02", kind: .withdrawn, text: "Gone.")]
    let site = try BuiltSite(
      input([SampleInput.entry("a", pcc: 0.5), SampleInput.entry("b", pcc: nil), gone]))
    let paths = [
      "preview.png", "toy/test/preview.png", "toy/test/previews/a.png",
      "toy/test/previews/b.png", "toy/test/previews/gone.png", "toy/test/previews/paper.png",
    ]
    let pictures = try paths.map { try Data(contentsOf: site.url.appending(path: $0)) }
    #expect(Set(pictures).count == paths.count)
    for picture in pictures {
      #expect(picture.prefix(8) == Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
      #expect(picture[16..<24].elementsEqual([0, 0, 4, 0xB0, 0, 0, 2, 0x76]))
      #expect(picture.count < 60_000)
    }
    let page = try site.text("toy/test/systems/a.html")
    #expect(page.contains("content=\"https://example.org/board/toy/test/previews/a.png\""))
    #expect(try SiteChecker().check(site.url) == [])
  }

  @Test("without an address there is none, and no page names one")
  func noAddress() throws {
    let site = try BuiltSite(SampleInput.input([SampleInput.entry("a", pcc: 0.5)]))
    #expect(!site.exists("preview.png") && !site.exists("toy/test/previews/a.png"))
    #expect(try !site.text("index.html").contains("og:image"))
  }
}
