// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Glibc

extension RelativePositions {
  /// Rows of the table: 2B.
  var rowCount: Int { 2 * bucketCount }

  /// The largest distance that is its own bucket: B / 2.
  var near: Int { bucketCount / 2 }

  /// The bucket of a distance, query minus key: the distance itself up to B / 2, then growing with
  /// its logarithm, up to B at M. The logarithms are floats, as the library takes them.
  func bucket(_ distance: Int) -> Int {
    let magnitude = abs(distance)
    guard magnitude > near else { return distance }
    let middle = Float(near)
    let share =
      logf(Float(magnitude) / middle) / logf(Float(Double(maximumDistance - 1) / Double(near)))
    let steps = (share * (middle - 1)).rounded(.up)
    // Distances beyond the table end at its first and last row anyway.
    let bucket = steps < middle ? near + Int(max(0, steps)) : bucketCount
    return distance < 0 ? -bucket : bucket
  }

  /// The row of the table for a distance; both position terms use it, content to position and
  /// position to content.
  func row(_ distance: Int) -> Int { min(max(bucket(distance) + bucketCount, 0), rowCount - 1) }

  /// The rows that sequences of at most `span` positions use.
  func rows(span: Int) -> Range<Int> { row(1 - span)..<row(span - 1) + 1 }
}

/// What a pass makes of the table of relative positions: R of its rows, normalised, and for each
/// layer a dropout draw of them and their projections by the layer's queries and keys.
struct RelativeBlocks {
  /// The rows of the table; the blocks begin at the first of them.
  let rows: Range<Int>
  /// (R, C) before gain and offset, (R, C), and R floats.
  let normalised, output, rstd: MutableFloats
  /// `input` (R, C) after dropout; `projections` (R, 2C), queries then keys.
  let layers: [(input: MutableFloats, projections: MutableFloats)]
  /// Gradients of a layer's projections (R, 2C) and input (R, C), and of the output, summed over the
  /// layers (R, C).
  let dProjections, dInput, dOutput: MutableFloats

  /// `take` gives blocks of floats. Without training there is no dropout, and the layers share
  /// `output`.
  init(
    rows: Range<Int>, C: Int, layerCount: Int, training: Bool, take: (Int) -> MutableFloats
  ) {
    let R = rows.count
    self.rows = rows
    let output = take(R * C)
    (normalised, self.output, rstd) = (take(R * C), output, take(R))
    layers = (0..<layerCount).map { _ in
      (input: training ? take(R * C) : output, projections: take(2 * R * C))
    }
    let r = training ? R : 0
    (dProjections, dInput, dOutput) = (take(2 * r * C), take(r * C), take(r * C))
  }
}

/// What an engine keeps of relative positions between passes.
final class RelativeState {
  let positions: RelativePositions
  /// The table's projections of every layer, for inference, where they change with the weights only.
  private(set) var blocks: RelativeBlocks?
  private var memory = FloatRegion()
  /// The row of every distance of the pass; the pointer stands at distance 0.
  private(set) var rowOfDistance: MutableIntegers
  /// The pass's tokens' places in their sequences.
  private(set) var places: MutableIntegers
  private var (rows, placeMemory) = (MemoryRegion<Int32>(), MemoryRegion<Int32>())
  private var span = 0

  typealias MutableIntegers = UnsafeMutablePointer<Int32>

  init(_ positions: RelativePositions) {
    self.positions = positions
    (rowOfDistance, places) = (rows.base, placeMemory.base)
  }

  /// The rows that a pass projects.
  func rowCount(_ plan: ActivationPlan) -> Int { plan.relative?.rows.count ?? positions.rowCount }

  /// Makes ready for the distances of a batch.
  func begin(_ batch: PackedBatch) {
    let needed = batch.capacity.span
    if needed > span {
      span = max(needed, 512)
      rows = MemoryRegion(count: 2 * span)
      rowOfDistance = rows.base + span
      for distance in (1 - span)..<span { rowOfDistance[distance] = Int32(positions.row(distance)) }
    }
    if batch.tokenCount > placeMemory.count {
      placeMemory = MemoryRegion(count: batch.tokenCount)
      places = placeMemory.base
    }
    for (token, place) in batch.positions.enumerated() { places[token] = place }
  }

  /// Notes that the weights have changed.
  func invalidate() { blocks = nil }

  /// Blocks for inference, all rows of the table, to be filled by the caller.
  func makeBlocks(C: Int, layerCount: Int) -> RelativeBlocks {
    func lay(at base: MutableFloats) -> (RelativeBlocks, count: Int) {
      var next = base
      let blocks = RelativeBlocks(
        rows: 0..<positions.rowCount, C: C, layerCount: layerCount, training: false
      ) { count in
        defer { next += (count + 15) & ~15 }
        return next
      }
      return (blocks, next - base)
    }
    let count = lay(at: memory.base).count
    if memory.count < count { memory = FloatRegion(count: count, largePages: true) }
    let made = lay(at: memory.base).0
    self.blocks = made
    return made
  }
}
