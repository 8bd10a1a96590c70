import Foundation
import Harness
import TestSupport
import Testing

@Suite("Prediction files: zips that are refused")
struct ZipTests {
  private func refused(_ zip: ZipFile) throws -> Diagnostic {
    try refused(zip.data)
  }

  private func refused(_ data: Data) throws -> Diagnostic {
    let bench = try PredictionBench()
    let faults = refusal { try bench.read(data, name: "up.zip") }
    #expect(faults.map(\.code) == [.archive])
    #expect(faults.map(\.file) == ["up.zip"])
    return try #require(faults.first)
  }

  private func zip(_ path: String, mode: UInt32 = 0o100644, encrypted: Bool = false) -> ZipFile {
    ZipFile(entries: [
      .init(path: path, content: Data("1\n2\n3\n".utf8), encrypted: encrypted, mode: mode)
    ])
  }

  @Test(
    "a path that leads out of the archive is refused",
    arguments: [
      "../predictions_EMP.tsv", "a/../../predictions_EMP.tsv", "/etc/predictions_EMP.tsv",
      "a\\..\\predictions_EMP.tsv",
    ])
  func paths(path: String) throws {
    let fault = try refused(zip(path))
    #expect(fault.expected == "relative paths without ..")
  }

  @Test("over 100 entries are refused, 100 are not")
  func entries() throws {
    var zip = ZipFile()
    zip.add("predictions_EMP.tsv", "1\n2\n3\n")
    for index in 1..<100 { zip.add("notes/\(index).md", "words") }
    #expect(try PredictionBench().read(zip.data).values("empathy") == [1, 2, 3])
    zip.add("one-more.md", "words")
    #expect(try refused(zip).found == "over 100 entries")
  }

  @Test("over 64 MiB unpacked are refused, counted over all entries")
  func size() throws {
    let half = Data(count: 33 << 20)
    var zip = ZipFile()
    zip.add("predictions_EMP.tsv", "1\n2\n3\n")
    for index in 0..<2 { zip.entries.append(.init(path: "\(index).bin", content: half)) }
    #expect(try refused(zip).found == "over 64 MiB unpacked")
  }

  @Test("an archive within the archive is refused, by its name or by its content")
  func nested() throws {
    var inner = ZipFile()
    inner.add("predictions_EMP.tsv", "1\n2\n3\n")
    for path in ["inner.zip", "predictions_EMP.tsv"] {
      let zip = ZipFile(entries: [.init(path: path, content: inner.data)])
      #expect(try refused(zip).found == "a nested archive, \(path)")
    }
    var named = ZipFile()
    named.add("x.tar", "words")
    #expect(try refused(named).found == "a nested archive, x.tar")
  }

  @Test("a link is refused")
  func link() throws {
    #expect(try refused(zip("predictions_EMP.tsv", mode: 0o120777)).expected == "regular files")
  }

  @Test("an encrypted entry is refused")
  func encrypted() throws {
    let fault = try refused(zip("predictions_EMP.tsv", encrypted: true))
    #expect(fault.expected == "files without a password")
  }

  @Test("a cut archive and one with a wrong check sum are damaged")
  func damaged() throws {
    let whole = zip("predictions_EMP.tsv").data
    #expect(try refused(whole.prefix(40)).found?.hasPrefix("a damaged archive") == true)
    let wrong = ZipFile(entries: [
      .init(path: "predictions_EMP.tsv", content: Data("1\n2\n3\n".utf8), checksum: 7)
    ])
    #expect(try refused(wrong).found?.hasPrefix("a damaged archive") == true)
  }

  @Test("no table, or several without the usual name, are refused by what was found")
  func choice() throws {
    #expect(try refused(ZipFile()).found == "no files")
    #expect(try refused(zip("readme.md")).found == "readme.md")
    var two = ZipFile()
    two.add("a.tsv", "1\n2\n3\n")
    two.add("b.csv", "1\n2\n3\n")
    #expect(try refused(two).found == "a.tsv, b.csv")
  }
}
