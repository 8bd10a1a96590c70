import Basics
import Foundation
import TestSupport
import Testing

@Suite("Atomic files")
struct AtomicFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.url.path)) ?? []).sorted()
  }

  private func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: folder.file(name)), as: UTF8.self)
  }

  private func mode(_ name: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.file(name).path)
    return try #require(attributes[.posixPermissions] as? Int)
  }

  @Test("while a file is being written its name still holds the old content")
  func order() throws {
    try folder.write("old", to: "a.txt")
    try AtomicFile.write(to: folder.file("a.txt")) { (file) throws(BasicsError) in
      try file.append(Data("ne".utf8))
      #expect((try? text("a.txt")) == "old")
      // The draft stands beside it, hidden, so that a rename suffices.
      #expect(names.count == 2 && names.contains { $0.hasPrefix(".a.txt.") })
      try file.append(Data("w".utf8))
      #expect((try? text("a.txt")) == "old")
    }
    #expect(try text("a.txt") == "new")
    #expect(names == ["a.txt"])
  }

  @Test("a failure in the middle leaves the old content and no draft")
  func failure() throws {
    try folder.write("old", to: "a.txt")
    #expect(throws: BasicsError.json(reason: "stop")) {
      try AtomicFile.write(to: folder.file("a.txt")) { (file) throws(BasicsError) in
        try file.append(Data("half".utf8))
        throw .json(reason: "stop")
      }
    }
    #expect(try text("a.txt") == "old")
    #expect(names == ["a.txt"])
  }

  @Test("a disk that is full is an error with the path and the system's words")
  func full() throws {
    // Writing to /dev/full fails with ENOSPC; a folder in the file's place fails the rename.
    try AtomicFile.createFolder(folder.file("a.txt/inside"))
    #expect {
      try AtomicFile.write(Data("new".utf8), to: folder.file("a.txt"))
    } throws: { error in
      guard case BasicsError.file(let path, let reason) = error else { return false }
      return path.hasSuffix("a.txt") && reason == "Is a directory"
    }
    #expect(names == ["a.txt"])
  }

  @Test("the mode is as asked for, whatever the file had before", arguments: [0o600, 0o644, 0o666])
  func permissions(mode asked: Int) throws {
    try folder.write("old", to: "a.txt")
    try AtomicFile.write(Data(), to: folder.file("a.txt"), permissions: mode_t(asked))
    #expect(try mode("a.txt") == asked)
  }

  @Test("missing folders are made, with their mode")
  func folders() throws {
    try AtomicFile.createFolder(folder.file("private"), permissions: 0o700)
    try AtomicFile.write(Data("x".utf8), to: folder.file("private/deep/er/a.txt"))
    #expect(try text("private/deep/er/a.txt") == "x")
    #expect(try mode("private") == 0o700)
    #expect(throws: BasicsError.self) {
      try AtomicFile.createFolder(folder.file("private/deep/er/a.txt/b"))
    }
  }

  @Test("a folder takes the place of another, whole")
  func replace() throws {
    try folder.write("1", to: "site/old.html")
    try folder.write("2", to: ".draft/new.html")
    try AtomicFile.replaceFolder(folder.file("site"), with: folder.file(".draft"))
    #expect(try text("site/new.html") == "2")
    #expect(names == ["site"])
    #expect(!FileManager.default.fileExists(atPath: folder.file("site/old.html").path))

    try folder.write("3", to: ".draft/a")
    try AtomicFile.replaceFolder(folder.file("fresh"), with: folder.file(".draft"))
    #expect(names == ["fresh", "site"])
  }

  @Test("where the new folder is not there the old one stays")
  func replaceFails() throws {
    try folder.write("1", to: "site/old.html")
    #expect(throws: BasicsError.self) {
      try AtomicFile.replaceFolder(folder.file("site"), with: folder.file("absent"))
    }
    #expect(try text("site/old.html") == "1")
    #expect(names == ["site"])
  }

  @Test("a link is moved in one step")
  func link() throws {
    try folder.write("1", to: "first/a")
    try folder.write("2", to: "second/a")
    try AtomicFile.link(folder.file("last"), to: "first")
    #expect(try text("last/a") == "1")
    try AtomicFile.link(folder.file("last"), to: "second")
    #expect(try text("last/a") == "2")
    #expect(names == ["first", "last", "second"])
  }
}
