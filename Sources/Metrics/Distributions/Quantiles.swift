/// Order statistics without sorting everything.
package enum Quantiles {
  /// Quantiles of `values` at `levels` by linear interpolation, position (m - 1)·level (numpy's
  /// default), of the values that are not NaN.
  /// - Returns: the quantiles and the number of NaN; nil where fewer than 2 values are left.
  package static func linear(
    _ values: [Double], _ levels: [Double]
  ) -> (quantiles: [Double], undefined: Int)? {
    let short = values.withUnsafeBufferPointer { values in
      fromTails(values.count, levels) { values[$0] }
    }
    if let short { return (short, 0) }
    var kept = values.filter { !$0.isNaN }
    guard kept.count >= 2 else { return nil }
    let quantiles = kept.withUnsafeMutableBufferPointer { data in
      levels.map { level in
        interpolate(data, Double(data.count - 1) * level) ?? data.reduce(-.infinity, max)
      }
    }
    return (quantiles, values.count - kept.count)
  }

  /// Two quantiles far out, one on each side: only the values beyond a threshold on either side are
  /// looked at, which the first values (replicates are in no order) tell well enough.
  /// - Parameter value: the number at a place in 0 ..< n.
  /// - Returns: nil where the short way does not apply or too few values lie beyond a threshold.
  @inline(__always) private static func fromTails(
    _ n: Int, _ levels: [Double], _ value: (Int) -> Double
  ) -> [Double]? {
    let sampleSize = 512
    guard n >= 4 * sampleSize, levels.count == 2, let low = levels.min(), let high = levels.max(),
      low < 0.15, high > 0.85
    else { return nil }
    func margin(_ level: Double) -> Int {
      let p = min(level, 1 - level)
      let share = p + 4 * (p * (1 - p) / Double(sampleSize)).squareRoot() + 0.004
      return min(sampleSize / 2, Int(share * Double(sampleSize)))
    }
    var sample = (0..<sampleSize).map(value)
    let (from, to) = sample.withUnsafeMutableBufferPointer {
      let to = select($0, sampleSize - 1 - margin(high))
      return (select($0, margin(low)), to)
    }
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: n + 1) { below in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: n + 1) { above in
        var lows = 0, highs = 0, numbers = 0
        // Each value is written at the end of both lists; only where it belongs the end moves on.
        for i in 0..<n {
          let number = value(i)
          below[lows] = number
          above[highs] = number
          lows &+= number <= from ? 1 : 0
          highs &+= number >= to ? 1 : 0
          numbers &+= number == number ? 1 : 0
        }
        guard numbers == n,
          let first = interpolate(below.extracting(0..<lows), Double(n - 1) * low),
          let second = interpolate(
            above.extracting(0..<highs), Double(n - 1) * high - Double(n - highs))
        else { return nil }
        return levels[0] <= levels[1] ? [first, second] : [second, first]
      }
    }
  }

  /// The value at `position` of the sorted data, between two of them by linear interpolation.
  private static func interpolate(
    _ data: UnsafeMutableBufferPointer<Double>, _ position: Double
  ) -> Double? {
    guard position >= 0, Int(position) + 1 < data.count else { return nil }
    let below = Int(position)
    let low = select(data, below)
    let high = data[(below + 1)...].min() ?? low
    return low + (position - Double(below)) * (high - low)
  }

  /// The k-th smallest (from 0) by Floyd and Rivest's selection; reorders so that smaller ones
  /// stand left of k and larger ones right of it.
  static func select(_ data: UnsafeMutableBufferPointer<Double>, _ k: Int) -> Double {
    var left = 0, right = data.count - 1
    while right > left {
      if right - left > 600 { narrow(data, &left, &right, k) }
      let pivot = data[k]
      var i = left, j = right
      while i <= j {
        while data[i] < pivot { i &+= 1 }
        while data[j] > pivot { j &-= 1 }
        if i <= j {
          data.swapAt(i, j)
          i &+= 1
          j &-= 1
        }
      }
      if j < k { left = i }
      if k < i { right = j }
    }
    return data[k]
  }

  /// Brings a good pivot to place k by selecting within a sample around it.
  private static func narrow(
    _ data: UnsafeMutableBufferPointer<Double>, _ left: inout Int, _ right: inout Int, _ k: Int
  ) {
    let n = Double(right - left + 1), i = Double(k - left + 1)
    let z = 0.5 * n.squareRoot()
    let low = max(left, Int(Double(k) - i * z / n - z))
    let high = min(right, Int(Double(k) + (n - i) * z / n + z))
    let stride = max(1, (right - left) / max(1, high - low))
    // A spread-out sample is exchanged into low...high, then its own k-th is selected.
    var from = left
    for place in low...high where from <= right {
      data.swapAt(place, from)
      from += stride
    }
    _ = select(data.extracting(low...high), k - low)
  }
}
