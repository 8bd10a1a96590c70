/// Which row of the table of relative positions belongs to a pair of a sequence's tokens, and the
/// movement of numbers between a matrix of pairs, (queries, keys) as scores are, and a block of (tokens, rows).
///
/// The row grows with the distance i - j, query minus key. Tokens near each other have row `centre`
/// + i - j, so that a token's pairs are a run of its row of the block; farther away several
/// distances share a row, which is looked up. Where the block is indexed by keys, such runs go down
/// the columns of the pairs: squares of 4 by 4 pairs are transposed in registers.
package struct DistanceRows {
  /// The row of a distance; the pointer stands at distance 0.
  private let rowOfDistance: UnsafePointer<Int32>
  /// Places of the tokens in their sequence, ascending.
  private let positions: UnsafePointer<Int32>
  private let count: Int
  /// Floats between the queries' rows of pairs.
  private let stride: Int
  private let centre: Int
  /// The largest distance whose row is `centre` + distance.
  private let near: Int

  package init(
    rowOfDistance: UnsafePointer<Int32>, positions: UnsafePointer<Int32>, count: Int, near: Int
  ) {
    (self.rowOfDistance, self.positions, self.count) = (rowOfDistance, positions, count)
    (stride, centre) = (scoreStride(count), Int(rowOfDistance[0]))
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
      let out = pairs + i &* stride
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
    squares(keys) { i, j in
      let source = origin + (j &* ld &+ centre &+ i &- j)
      let out = pairs + (i &* stride &+ j)
      let columns = transposed(
        four(source), four(source + (ld &- 1)), four(source + 2 &* (ld &- 1)),
        four(source + 3 &* (ld &- 1)))
      add(columns.0, to: out)
      add(columns.1, to: out + stride)
      add(columns.2, to: out + 2 &* stride)
      add(columns.3, to: out + 3 &* stride)
    } others: { i, j in
      pairs[i &* stride &+ j] += origin[j &* ld &+ row(i, j)]
    }
  }

  /// Calls `square` with the first query and key of squares of 4 by 4 pairs near each other, and
  /// `others` with every other pair of the keys `keys`.
  @inline(__always) private func squares(
    _ keys: Range<Int>, _ square: (Int, Int) -> Void, others: (Int, Int) -> Void
  ) {
    for i in Swift.stride(from: 0, to: count, by: 4) {
      let rows = i..<min(count, i &+ 4)
      // Near the first query and the last.
      let lower = max(keys.lowerBound, rows.upperBound &- 1 &- near)
      let upper = rows.count == 4 ? min(keys.upperBound, i &+ near &+ 1) : lower
      let end = lower &+ max(0, upper &- lower) & ~3
      for j in Swift.stride(from: lower, to: end, by: 4) { square(i, j) }
      for row in rows {
        for j in keys.lowerBound..<min(lower, keys.upperBound) { others(row, j) }
        for j in min(max(end, keys.lowerBound), keys.upperBound)..<keys.upperBound {
          others(row, j)
        }
      }
    }
  }

  /// block[i][row] = the sum of pairs[i][j] over the keys of that row, for the queries `queries`;
  /// the block's `width` columns begin at row `first`.
  @inline(never) package func scatter(
    _ pairs: Floats, queries: Range<Int>, to block: MutableFloats, ld: Int, first: Int, width: Int
  ) {
    for i in queries {
      let source = pairs + i &* stride
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
    let origin = block - (keys.lowerBound &* ld &+ first)
    for j in 0..<keys.count { (block + j &* ld).update(repeating: 0, count: width) }
    squares(keys) { i, j in
      let source = pairs + (i &* stride &+ j)
      let out = origin + (j &* ld &+ centre &+ i &- j)
      let columns = transposed(
        four(source), four(source + stride), four(source + 2 &* stride), four(source + 3 &* stride))
      add(columns.0, to: out)
      add(columns.1, to: out + (ld &- 1))
      add(columns.2, to: out + 2 &* (ld &- 1))
      add(columns.3, to: out + 3 &* (ld &- 1))
    } others: { i, j in
      origin[j &* ld &+ row(i, j)] += pairs[i &* stride &+ j]
    }
  }
}

/// Four numbers from `x` on.
@inline(__always) private func four(_ x: Floats) -> SIMD4<Float> {
  UnsafeRawPointer(x).loadUnaligned(as: SIMD4<Float>.self)
}

@inline(__always) private func add(_ values: SIMD4<Float>, to out: MutableFloats) {
  let raw = UnsafeMutableRawPointer(out)
  raw.storeBytes(of: raw.loadUnaligned(as: SIMD4<Float>.self) + values, as: SIMD4<Float>.self)
}

/// The columns of the square with these rows.
@inline(__always) private func transposed(
  _ a: SIMD4<Float>, _ b: SIMD4<Float>, _ c: SIMD4<Float>, _ d: SIMD4<Float>
) -> (SIMD4<Float>, SIMD4<Float>, SIMD4<Float>, SIMD4<Float>) {
  (
    SIMD4(a[0], b[0], c[0], d[0]), SIMD4(a[1], b[1], c[1], d[1]),
    SIMD4(a[2], b[2], c[2], d[2]), SIMD4(a[3], b[3], c[3], d[3])
  )
}
