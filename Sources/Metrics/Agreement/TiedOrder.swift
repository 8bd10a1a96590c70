/// A column in ascending order with its groups of equal values.
///
/// Values are mapped onto 32-bit numbers by a monotone linear function, radix sorted on those, and
/// runs that fall together are put right by comparing the values themselves.
struct TiedOrder {
  /// Rows in ascending order of their values; (n,).
  private(set) var rows: [UInt32] = []
  /// For each row the number of its group of equal values, ascending from 0; (n,).
  private(set) var groupOfRow: [UInt32] = []
  /// Where each group starts in `rows`, and n at the end; (groups + 1,).
  private(set) var starts: [Int] = []

  var groupCount: Int { starts.count - 1 }

  /// - Parameter column: finite values, fewer than 2³² of them.
  init(_ column: [Double]) {
    precondition(column.count <= Int(UInt32.max), "too many rows to rank")
    var keys = Self.quantised(column)
    var buffer = [UInt64](repeating: 0, count: keys.count)
    Self.radixSort(&keys, &buffer)
    Self.settleRuns(&keys, column)
    split(keys, column)
  }

  /// Number of pairs of rows that are tied, Σ t(t - 1)/2.
  var tiedPairs: Int {
    zip(starts, starts.dropFirst()).reduce(0) { $0 + ($1.1 - $1.0) * ($1.1 - $1.0 - 1) / 2 }
  }

  /// Twice the average rank (from 1) less n + 1, an integer in [-(n - 1), n - 1]; (n,).
  func centredDoubleRanks() -> [Double] {
    let n = rows.count
    let rankOfGroup = (0..<groupCount).map { Double(starts[$0] + starts[$0 + 1] - n) }
    return groupOfRow.map { rankOfGroup[Int($0)] }
  }

  /// The high half is the value on a linear scale of 32 bits, the low half the row.
  private static func quantised(_ column: [Double]) -> [UInt64] {
    let low = column.min() ?? 0, high = column.max() ?? 0
    let range = high - low
    // A range that overflows or whose inverse does leaves one run: a plain comparison sort.
    let scale = range > 1e-290 && range.isFinite ? 4_294_967_000 / range : 0
    return column.withUnsafeBufferPointer { values in
      [UInt64](unsafeUninitializedCapacity: values.count) { keys, filled in
        for row in 0..<values.count {
          let level = scale == 0 ? 0 : UInt64((values[row] - low) * scale)
          keys.initializeElement(at: row, to: level << 32 | UInt64(row))
        }
        filled = values.count
      }
    }
  }

  /// Least significant digit first on bits 32 to 63, 11 bits a pass; stable.
  private static func radixSort(_ keys: inout [UInt64], _ buffer: inout [UInt64]) {
    for shift in [UInt64(32), 43, 54] {
      keys.withUnsafeBufferPointer { from in
        buffer.withUnsafeMutableBufferPointer { to in
          withUnsafeTemporaryAllocation(of: Int.self, capacity: 2048) { next in
            next.initialize(repeating: 0)
            for key in from { next[Int(key >> shift & 2047)] += 1 }
            var sum = 0
            for digit in 0..<2048 { (next[digit], sum) = (sum, sum + next[digit]) }
            for key in from {
              let digit = Int(key >> shift & 2047)
              to[next[digit]] = key
              next[digit] += 1
            }
          }
        }
      }
      swap(&keys, &buffer)
    }
  }

  /// Sorts runs of one quantised level by their true values.
  private static func settleRuns(_ keys: inout [UInt64], _ column: [Double]) {
    func value(_ key: UInt64) -> Double { column[Int(key & 0xFFFF_FFFF)] }
    var start = 0
    while start < keys.count {
      let level = keys[start] >> 32
      var end = start + 1
      var ascending = true
      while end < keys.count, keys[end] >> 32 == level {
        if value(keys[end]) < value(keys[end - 1]) { ascending = false }
        end += 1
      }
      if !ascending { keys[start..<end].sort { (value($0), $0) < (value($1), $1) } }
      start = end
    }
  }

  private mutating func split(_ keys: [UInt64], _ column: [Double]) {
    let n = keys.count
    rows = [UInt32](unsafeUninitializedCapacity: n) { rows, filled in
      for place in 0..<n {
        rows.initializeElement(at: place, to: UInt32(truncatingIfNeeded: keys[place]))
      }
      filled = n
    }
    var starts: [Int] = []
    starts.reserveCapacity(n + 1)
    groupOfRow = [UInt32](unsafeUninitializedCapacity: n) { groups, filled in
      var last = Double.nan
      for place in 0..<n {
        let row = Int(rows[place])
        let value = column[row]
        if value != last { starts.append(place) }
        last = value
        groups[row] = UInt32(truncatingIfNeeded: starts.count &- 1)
      }
      filled = n
    }
    starts.append(n)
    self.starts = starts
  }
}
