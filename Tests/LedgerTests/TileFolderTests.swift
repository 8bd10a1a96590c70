import Basics
import Foundation
import Ledger
import Testing

@Suite("Logs in a folder")
struct TileFolderTests {
  let scratch: Scratch
  let key: SigningKey
  let policy: LogPolicy
  let folder: TileFolder

  init() throws {
    scratch = try Scratch()
    key = try SigningKey(name: "example.org/log")
    policy = try LogPolicy(keys: [key.verifier])
    folder = TileFolder(scratch.url.appending(path: "log"))
  }

  private func head() throws -> TreeHead { try policy.open(folder.checkpoint()).head }

  /// Reads all entries and checks them against the checkpoint.
  private func entries() throws -> [Data] {
    let head = try head()
    let tiles = folder.tiles(of: head)
    return try Tile.tiles(of: head.size).filter { $0.content == .entries }
      .flatMap { try tiles.entries(of: $0) }
  }

  private func url(_ path: String) -> URL { folder.url.appending(path: path) }

  @Test("A log grows in random steps; each size has its tiles", arguments: 0..<4)
  func growth(_ seed: Int) throws {
    var chance = SplitMix64(seed: UInt64(seed))
    try folder.create(key: key)
    var log = try TestLog([])
    for _ in 0..<9 {
      let old = log.head
      let count = Int.random(in: 0...Int.random(in: 0...300, using: &chance), using: &chance)
      let new = (0..<count).map { leaf(old.size + $0) }
      for entry in new { try log.append(entry) }
      #expect(try folder.append(new, policy: policy, key: key) == log.head)
      #expect(try head() == log.head && entries() == log.entries)
      for (path, bytes) in try log.tiles(of: log.head.size) {
        #expect(try Data(contentsOf: url(path)) == bytes, "\(path)")
      }
      let tiles = folder.tiles(of: log.head)
      try ConsistencyProof(from: old.size, to: log.head.size, from: tiles)
        .verify(from: old, to: log.head)
      guard log.head.size > 0 else { continue }
      let index = Int.random(in: 0..<log.head.size, using: &chance)
      let proof = try InclusionProof(of: index, size: log.head.size, from: tiles)
      #expect(try proof == InclusionProof(of: index, size: log.head.size, from: log.hashes))
    }
  }

  @Test("Any write that fails leaves the older log, from which it goes on")
  func interrupted() throws {
    try folder.create(key: key)
    let log = try TestLog((0..<250).map(leaf))
    try folder.append(log.entries, policy: policy, key: key)
    let before = try folder.checkpoint()
    let writes = Tile.tiles(of: 520, since: 250).map(\.path) + ["checkpoint"]
    #expect(writes.count == 8)
    let lost = (250..<520).map { leaf(10_000 + $0) }
    for path in writes {
      // A folder with something in it cannot be replaced by a file.
      let aside = scratch.url.appending(path: "aside")
      let blocked = url(path)
      let stood = FileManager.default.fileExists(atPath: blocked.path)
      if stood { try FileManager.default.moveItem(at: blocked, to: aside) }
      try FileManager.default.createDirectory(
        at: blocked.appending(path: "x"), withIntermediateDirectories: true)
      #expect(throws: LedgerError.self, "\(path)") {
        try folder.append(lost, policy: policy, key: key)
      }
      try FileManager.default.removeItem(at: blocked)
      if stood { try FileManager.default.moveItem(at: aside, to: blocked) }
      #expect(try folder.checkpoint() == before && entries() == log.entries, "\(path)")
    }
    let other = (250..<700).map(leaf)
    try folder.append(other, policy: policy, key: key)
    #expect(try entries() == log.entries + other)
    #expect(try head() == TestLog(log.entries + other).head)
  }

  @Test("The checkpoint and its entries are the last things read of a writer that stops anywhere")
  func prefixes() throws {
    try folder.create(key: key)
    try folder.append((0..<250).map(leaf), policy: policy, key: key)
    let old = try (folder.checkpoint(), entries())
    let next = TileFolder(scratch.url.appending(path: "next"))
    try FileManager.default.copyItem(at: folder.url, to: next.url)
    try next.append((250..<520).map(leaf), policy: policy, key: key)
    for tile in Tile.tiles(of: 520, since: 250) {
      let file = url(tile.path)
      try AtomicFile.write(#require(try next.read(tile)), to: file)
      try Data("half".utf8).write(to: file.deletingLastPathComponent().appending(path: ".x.part"))
      #expect(try folder.checkpoint() == old.0 && entries() == old.1, "\(tile.path)")
    }
    try AtomicFile.write(next.checkpoint(), to: url("checkpoint"))
    #expect(try entries() == (0..<520).map(leaf))
  }

  @Test("A partial tile that was removed is read from the full one")
  func pruned() throws {
    try folder.create(key: key)
    try folder.append((0..<200).map(leaf), policy: policy, key: key)
    let old = try head()
    try folder.append((200..<300).map(leaf), policy: policy, key: key)
    for path in ["tile/0/000.p", "tile/entries/000.p"] {
      try FileManager.default.removeItem(at: url(path))
    }
    let proof = try ConsistencyProof(from: 200, to: 300, from: folder.tiles(of: head()))
    try proof.verify(from: old, to: head())
    let tile = Tile(.entries, index: 0, width: 200)
    #expect(try folder.tiles(of: old).entries(of: tile) == (0..<200).map(leaf))
    try FileManager.default.removeItem(at: url("tile/0/000"))
    #expect(throws: LedgerError.missing("tile/0/000.p/200")) {
      try folder.tiles(of: old).entries(of: tile)
    }
  }

  @Test("Tiles beyond a size are not in it, whatever their path says")
  func existence() throws {
    for size in [0, 1, 255, 256, 257, 600, 65_536, 70_000] {
      #expect(Tile.tiles(of: size).allSatisfy { $0.exists(in: size) })
      #expect(!Tile.tiles(of: size + 1, since: size).contains { $0.exists(in: size) })
    }
    #expect(Tile(.entries, index: 0, width: 3).exists(in: 5))
    #expect(!Tile(.hashes(level: 63), index: 0, width: 1).exists(in: .max))
    #expect(!Tile(.hashes(level: 0), index: Tile.maxIndex).exists(in: .max))
    let none: [HashPosition: TreeHash] = [:]
    let far = try Tile(path: "tile/0/x036/x028/x797/x018/x963/967")
    #expect(far.index == Tile.maxIndex)
    #expect(throws: LedgerError.self) { try far.bytes(from: none) }
    for path in ["tile/0/x036/x028/x797/x018/x963/968", "tile/0/x999/x999/x999/x999/x999/x999/999"]
    {
      #expect(throws: LedgerError.self, "\(path)") { try Tile(path: path) }
    }
  }

  @Test(
    "A tile's path has one spelling",
    arguments: [
      ("tile/0/005", ["tile/0/5", "tile/0/0005", "tile/00/005", "tile/0/+05", "tile//0/005"]),
      ("tile/1/x001/x234/067", ["tile/1/1234067", "tile/1/001/234/067", "tile/1/x001/x234/x067"]),
      ("tile/0/x001/234", ["tile/0/x000/x001/234", "tile/0/1234", "tile/0/x001/234/"]),
      ("tile/entries/001.p/44", ["tile/entries/001.p/044", "tile/entries/001.p", "tile/data/001"]),
      (
        "tile/63/000.p/255",
        ["tile/64/000", "tile/63/000.p/0", "tile/63/000.p/256", "/tile/63/000"]
      ),
    ])
  func paths(_ path: String, _ wrong: [String]) throws {
    #expect(try Tile(path: path).path == path)
    for path in wrong {
      #expect(throws: LedgerError.self, "\(path)") { try Tile(path: path) }
    }
  }

  @Test("A bundle holds whole entries, as many as its width")
  func bundle() throws {
    let entries = [Data(), Data([7]), Data(repeating: 1, count: 300)]
    let bundle = try EntryBundle.encode(entries)
    #expect(bundle == Data([0, 0, 0, 1, 7, 1, 44]) + entries[2])
    #expect(try EntryBundle.decode(bundle, count: 3) == entries)
    for length in 0..<bundle.count {
      #expect(throws: LedgerError.self) { try EntryBundle.decode(bundle.prefix(length), count: 3) }
    }
    for (bytes, count) in [(bundle, 2), (bundle, 4), (bundle + [0], 3), (bundle + [0, 0], 3)] {
      #expect(throws: LedgerError.self) { try EntryBundle.decode(bytes, count: count) }
    }
  }

  @Test("A changed bit in a tile or bundle never gives a wrong hash or entry")
  func forged() throws {
    try folder.create(key: key)
    let log = try TestLog((0..<600).map(leaf))
    try folder.append(log.entries, policy: policy, key: key)
    var chance = SplitMix64(seed: 7)
    let positions = (0..<600).map { HashPosition(level: 0, index: $0) }
    for tile in Tile.tiles(of: 600) {
      let honest = try #require(try folder.read(tile))
      let bit = Int.random(in: 0..<(honest.count * 8), using: &chance)
      try honest.flippingBit(bit).write(to: url(tile.path))
      let tiles = folder.tiles(of: log.head)
      var refused = 0
      if tile.content == .entries {
        #expect(throws: LedgerError.self) { try tiles.entries(of: tile) }
        #expect(throws: LedgerError.self) { try entries() }
        refused = 1
      } else {
        for position in positions where position.index % 5 == 4 {
          let read = try? tiles.hashes(at: [position])
          #expect(read == nil || read == [log.leaves[position.index]], "\(tile) \(position)")
          refused += read == nil ? 1 : 0
        }
      }
      #expect(refused > 0, "\(tile)")
      try honest.write(to: url(tile.path))
    }
    #expect(try folder.tiles(of: log.head).hashes(at: positions) == log.leaves)
    #expect(throws: LedgerError.self) {
      try folder.tiles(of: log.head).hashes(at: [HashPosition(level: 0, index: 600)])
    }
  }

  @Test("Nothing is written for a long entry, another log or a busy folder")
  func refused() throws {
    #expect(throws: LedgerError.self) {
      try folder.append([leaf(0)], policy: policy, key: key)
    }
    try folder.create(key: key)
    #expect(throws: LedgerError.self) { try folder.create(key: key) }
    let longest = Data(repeating: 7, count: 65_535)
    try folder.append([longest, Data()], policy: policy, key: key)
    let before = try folder.checkpoint()
    #expect(throws: LedgerError.entryTooLong(bytes: 65_536)) {
      try folder.append([leaf(2), longest + [7]], policy: policy, key: key)
    }
    let other = try SigningKey(name: "example.org/log")
    #expect(throws: LedgerError.self) {
      try folder.append([leaf(2)], policy: LogPolicy(keys: [other.verifier]), key: other)
    }
    // A key that its policy does not know would sign what nobody can open.
    #expect(throws: LedgerError.self) { try folder.append([leaf(2)], policy: policy, key: other) }
    let lock = open(url(".lock").path, O_RDWR)
    try #require(lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0)
    #expect(throws: LedgerError.busy(path: folder.url.relativePath)) {
      try folder.append([leaf(2)], policy: policy, key: key)
    }
    close(lock)
    #expect(try folder.checkpoint() == before && entries() == [longest, Data()])
  }
}
