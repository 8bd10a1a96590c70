import Foundation
import FoundationXML
import Harness
import Report
import TestSupport
import Testing

@Suite("Pictures beside links")
struct PreviewImageTests {
  /// A folder with a stand-in for `rsvg-convert` that runs `script`.
  private func tool(_ script: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let file = try folder.write("#!/bin/sh\n\(script)\n", to: "rsvg-convert")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
    return folder
  }

  private func input(_ entries: [Board.Entry]) throws -> SiteInput {
    var input = try SampleInput.input(
      entries + [SampleInput.published("paper", pcc: 0.6)],
      comparison: SampleInput.comparison("a", "b"), level: 0.9)
    input.address = URL(string: "https://example.org/board/")
    return input
  }

  private static let kinds = [
    "preview.png", "toy/preview.png", "toy/test/preview.png", "toy/test/systems/a.png",
    "method.png", "about.png",
  ]

  @Test("the site and each board have one of the size that the tags say, where they can be drawn")
  func pictures() throws {
    let site = try BuiltSite(
      input([SampleInput.entry("a", pcc: 0.5), SampleInput.entry("b", pcc: nil)]))
    let page = try site.text("toy/test/systems/a.html")
    if Pictures(standIn: nil).canDraw {
      for path in Self.kinds {
        let picture = try Data(contentsOf: site.url.appending(path: path))
        #expect(picture.prefix(8) == Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
        #expect(picture[16..<24].elementsEqual([0, 0, 4, 0xB0, 0, 0, 2, 0x76]))
        #expect(picture.count < 100_000)
      }
      #expect(page.contains("content=\"https://example.org/board/toy/test/systems/a.png\""))
    } else {
      #expect(!site.exists("preview.png"))
      #expect(page.contains("content=\"https://example.org/board/assets/preview.png\""))
    }
    #expect(try SiteChecker().check(site.url) == [])
  }

  @Test("a picture names systems in any script, escapes them, and says the board's level")
  func words() throws {
    var entry = SampleInput.entry("a", pcc: 0.5)
    entry.metadata.system = "共感 <b> Эмпатия"
    let board = try #require(try input([entry]).boards.first)
    let svg = PreviewImage(site: "invitro").board(BoardTable(board))
    #expect(svg.contains("共感 &lt;b&gt; Эмпатия"))
    #expect(svg.contains("90% intervals"))
    #expect(try XMLDocument(xmlString: svg).rootElement()?.name == "svg")
  }

  @Test("without the tool no picture is drawn and the static one stands in")
  func noTool() throws {
    let pictures = Pictures(standIn: Data("static".utf8), path: "/nowhere::")
    #expect(!pictures.canDraw)
    #expect(try pictures.png("<svg/>") == Data("static".utf8))
  }

  @Test("a tool that fails gives the static picture, and one that works its own")
  func tools() throws {
    let failing = try tool("exit 3")
    let working = try tool("cat \"$5\" > \"$4\"")
    let standIn = Data("static".utf8)
    #expect(try Pictures(standIn: standIn, path: failing.url.path).png("<svg/>") == standIn)
    #expect(
      try Pictures(standIn: standIn, path: working.url.path).png("<svg/>") == Data("<svg/>".utf8))
  }

  @Test("without an address there is none, and no page names one")
  func noAddress() throws {
    let site = try BuiltSite(SampleInput.input([SampleInput.entry("a", pcc: 0.5)]))
    #expect(!site.exists("preview.png"))
    #expect(try !site.text("index.html").contains("og:image"))
  }
}
