public import Foundation

extension TileFolder {
  /// Brings the folder up to a log that is kept elsewhere: new tiles first, the checkpoint last.
  /// Partial tiles whose full tile is there are removed.
  /// - Parameters:
  ///   - head: the tree of `note`.
  ///   - note: the signed checkpoint.
  ///   - bytes: of a tile of that tree.
  /// - Throws: ``LedgerError/outOfRange(what:found:expected:)`` where the folder holds a longer log.
  public func update(
    to head: TreeHead, note: Data, bytes: (Tile) throws(LedgerError) -> Data
  ) throws(LedgerError) {
    let old = try written()
    guard old <= head.size else {
      throw .outOfRange(
        what: "the size of \(url.relativePath)", found: old, expected: "at most \(head.size)")
    }
    for tile in Tile.tiles(of: head.size, since: old) {
      try write(try bytes(tile), to: tile.path)
      if tile.isFull { removePartial(of: tile) }
    }
    try write(note, to: Self.checkpointName)
  }

  /// The size of its checkpoint, 0 where there is none.
  public func written() throws(LedgerError) -> Int {
    guard let bytes = try contents(Self.checkpointName) else { return 0 }
    return try Checkpoint(text: try SignedNote(bytes).text).head.size
  }

  private func removePartial(of tile: Tile) {
    try? FileManager.default.removeItem(at: url.appending(path: "\(tile.path).p"))
  }
}
