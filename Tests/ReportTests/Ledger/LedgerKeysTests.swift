import Foundation
import Ledger
import Report
import TestSupport
import Testing

@Suite("Private keys of a ledger")
struct LedgerKeysTests {
  @Test("a key is made once, for its owner alone, and read back")
  func madeOnce() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("home/ledger.key")
    #expect(try LedgerKeys.read(file) == nil)
    let made = try LedgerKeys.readOrMake(file)
    let again = try LedgerKeys.readOrMake(file, name: "another")
    #expect(made.newest.privateText == again.newest.privateText)
    #expect(made.newest.verifier.name.wholeMatch(of: /leaderboard-[0-9a-f]{8}/) != nil)
    let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions]
    #expect(mode as? Int == 0o600)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.file("home").path)
        == ["ledger.key"])
  }

  @Test("the newest key stands first")
  func changed() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("ledger.key")
    let old = try LedgerKeys.readOrMake(file, name: "board")
    let new = try SigningKey(name: "board")
    try LedgerKeys(new, old.all).save(to: file)
    let read = try #require(try LedgerKeys.read(file))
    #expect(read.verifiers.map(\.vkey) == [new.verifier.vkey, old.newest.verifier.vkey])
  }

  @Test("a key that others can read is refused, and so is a line that is none")
  func refused() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("ledger.key")
    let good = try LedgerKeys.readOrMake(file)
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file.path)
    #expect(throws: ReportError.exposedKey(path: file.relativePath, mode: "640")) {
      try LedgerKeys.read(file)
    }
    let text = "\(good.newest.privateText)\nPRIVATE+KEY+x\n"
    try Data(text.utf8).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    let error = #expect(throws: ReportError.self) { try LedgerKeys.read(file) }
    #expect(error?.description.hasPrefix("\(file.relativePath):2: a private key") == true)
    #expect(error?.description.contains("PRIVATE+KEY+x") == false)
  }
}
