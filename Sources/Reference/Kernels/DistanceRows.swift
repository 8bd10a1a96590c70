/// Which row of the table of relative positions belongs to a pair of a sequence's tokens, and the
/// movement of numbers between a matrix of pairs, (queries, keys), and a block of (tokens, rows).
///
/// The row grows with the distance i - j, query minus key. Tokens near each other have row `centre`
/// + i - j, so that a token's pairs are a run of its row of the block; farther away several
/// distances share a row, which is looked up.
package struct DistanceRows {
  /// The row of a distance; the pointer stands at distance 0.
  private let rowOfDistance: UnsafePointer<Int32>
  /// Places of the tokens in their sequence, ascending.
  private let positions: UnsafePointer<Int32>
  private let count: Int
  private let centre: Int
  /// The largest distance whose row is `centre` + distance.
  private let near: Int

  package init(
    rowOfDistance: UnsafePointer<Int32>, positions: UnsafePointer<Int32>, count: Int, near: Int
  ) {
    (self.rowOfDistance, self.positions, self.count) = (rowOfDistance, positions, count)
    centre = Int(rowOfDistance[0])
    // Where masked tokens were left out, indices say nothing of the distance.
    let isWhole = Int(positions[count - 1] - positions[0]) == count - 1
    self.near = isWhole ? near : -1
  }

  /// The row for query `i` and key `j`.
  @inline(__always) package func row(_ i: Int, _ j: Int) -> Int {
    Int(rowOfDistance[Int(positions[i] &- positions[j])])
  }

  /// The rows that these queries need with any key.
  package func rows(ofQueries queries: Range<Int>) -> Range<Int> {
    row(queries.lowerBound, count - 1)..<row(queries.upperBound - 1, 0) + 1
  }

  /// The rows that these keys need with any query.
  package func rows(ofKeys keys: Range<Int>) -> Range<Int> {
    row(0, keys.upperBound - 1)..<row(count - 1, keys.lowerBound) + 1
  }

  /// The tokens near token `i` among `tokens`; an empty range leaves all of them on one side.
  @inline(__always) private func near(_ i: Int, among tokens: Range<Int>) -> Range<Int> {
    let lower = max(0, i &- near)
    let upper = max(lower, min(count, i &+ near &+ 1))
    return (lower..<upper).clamped(to: tokens)
  }

  /// pairs[i][j] += block[i][row(i, j)] for the queries `queries` and all keys. `pairs` begins at
  /// pair (0, 0) and has a row for each query; `block` at the first of the queries and at `first`.
  @inline(never) package func gather(
    _ pairs: MutableFloats, queries: Range<Int>, from block: Floats, ld: Int, first: Int
  ) {
    for i in queries {
      let out = pairs + i &* count
      let source = block + ((i &- queries.lowerBound) &* ld &- first)
      let near = near(i, among: 0..<count)
      for j in 0..<near.lowerBound { out[j] += source[row(i, j)] }
      let run = source + (centre &+ i)
      for j in near { out[j] += run[0 &- j] }
      for j in near.upperBound..<count { out[j] += source[row(i, j)] }
    }
  }

  /// pairs[i][j] += block[j][row(i, j)] for all queries and the keys `keys`, whose first is the
  /// block's.
  @inline(never) package func gather(
    _ pairs: MutableFloats, keys: Range<Int>, from block: Floats, ld: Int, first: Int
  ) {
    let origin = block - (keys.lowerBound &* ld &+ first)
    for i in 0..<count {
      let out = pairs + i &* count
      let near = near(i, among: keys)
      for j in keys.lowerBound..<near.lowerBound { out[j] += origin[j &* ld &+ row(i, j)] }
      let run = origin + (centre &+ i)
      for j in near { out[j] += run[j &* (ld &- 1)] }
      for j in near.upperBound..<keys.upperBound { out[j] += origin[j &* ld &+ row(i, j)] }
    }
  }

  /// block[i][row] = the sum of pairs[i][j] over the keys of that row, for the queries `queries`;
  /// the block's `width` columns begin at row `first`.
  @inline(never) package func scatter(
    _ pairs: Floats, queries: Range<Int>, to block: MutableFloats, ld: Int, first: Int, width: Int
  ) {
    for i in queries {
      let source = pairs + i &* count
      let start = block + (i &- queries.lowerBound) &* ld
      start.update(repeating: 0, count: width)
      let out = start - first
      let near = near(i, among: 0..<count)
      for j in 0..<near.lowerBound { out[row(i, j)] += source[j] }
      let run = out + (centre &+ i)
      for j in near { run[0 &- j] += source[j] }
      for j in near.upperBound..<count { out[row(i, j)] += source[j] }
    }
  }

  /// block[j][row] = the sum of pairs[i][j] over the queries of that row, for the keys `keys`.
  @inline(never) package func scatter(
    _ pairs: Floats, keys: Range<Int>, to block: MutableFloats, ld: Int, first: Int, width: Int
  ) {
    for j in keys {
      let source = pairs + j
      let start = block + (j &- keys.lowerBound) &* ld
      start.update(repeating: 0, count: width)
      let out = start - first
      let near = near(j, among: 0..<count)
      for i in 0..<near.lowerBound { out[row(i, j)] += source[i &* count] }
      let run = out + (centre &- j)
      for i in near { run[i] += source[i &* count] }
      for i in near.upperBound..<count { out[row(i, j)] += source[i &* count] }
    }
  }
}
