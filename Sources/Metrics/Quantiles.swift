/// Order statistics without sorting everything.
enum Quantiles {
  /// Quantiles of `values` at `levels` by linear interpolation, position (m - 1)·level (numpy's
  /// default), of the values that are not NaN.
  ///
  /// - Returns: the quantiles and the number of NaN; nil where fewer than 2 values are left.
  static func linear(
    _ values: [Double], _ levels: [Double]
  ) -> (quantiles: [Double], undefined: Int)? {
    var kept = values
    let defined = compact(&kept)
    guard defined >= 2 else { return nil }
    let quantiles = kept.withUnsafeMutableBufferPointer { buffer in
      let data = buffer.extracting(0..<defined)
      return levels.map { level in
        let position = Double(defined - 1) * level
        let below = min(defined - 2, Int(position))
        let low = select(data, below)
        // After selection everything right of `below` is at least as large.
        var high = data[below + 1]
        for i in (below + 1)..<defined where data[i] < high { high = data[i] }
        return low + (position - Double(below)) * (high - low)
      }
    }
    return (quantiles, values.count - defined)
  }

  /// Moves numbers to the front and returns how many there are; NaN are dropped.
  private static func compact(_ values: inout [Double]) -> Int {
    var kept = 0
    values.withUnsafeMutableBufferPointer { data in
      for i in 0..<data.count {
        data[kept] = data[i]
        kept &+= data[i].isNaN ? 0 : 1
      }
    }
    return kept
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
