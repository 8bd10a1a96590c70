/// Sums and maxima over a row in sixteen lanes, which the optimiser turns into vectors. The order
/// of the additions is fixed by the length alone.

/// The sum of `count` values.
@inline(__always)
func sum(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
  reduce(count) { x[$0] }
}

/// The sum of `value(i)` over `0..<count`.
@inline(__always)
func reduce(_ count: Int, _ value: (Int) -> Float) -> Float {
  var lanes = InlineArray<16, Float>(repeating: 0)
  let blocks = count & ~15
  var i = 0
  while i < blocks {
    for lane in 0..<16 { lanes[lane] += value(i &+ lane) }
    i &+= 16
  }
  var rest: Float = 0
  while i < count {
    rest += value(i)
    i &+= 1
  }
  for lane in 0..<8 { lanes[lane] += lanes[lane + 8] }
  for lane in 0..<4 { lanes[lane] += lanes[lane + 4] }
  return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]) + rest
}

/// The sums of two functions over `0..<count`, in one pass.
@inline(__always)
func reduce2(
  _ count: Int, _ values: (Int) -> (Float, Float)
) -> (Float, Float) {
  var first = InlineArray<16, Float>(repeating: 0)
  var second = InlineArray<16, Float>(repeating: 0)
  let blocks = count & ~15
  var i = 0
  while i < blocks {
    for lane in 0..<16 {
      let (a, b) = values(i &+ lane)
      first[lane] += a
      second[lane] += b
    }
    i &+= 16
  }
  var rest: (Float, Float) = (0, 0)
  while i < count {
    let (a, b) = values(i)
    rest.0 += a
    rest.1 += b
    i &+= 1
  }
  for lane in 0..<8 {
    first[lane] += first[lane + 8]
    second[lane] += second[lane + 8]
  }
  for lane in 0..<4 {
    first[lane] += first[lane + 4]
    second[lane] += second[lane + 4]
  }
  return (
    (first[0] + first[2]) + (first[1] + first[3]) + rest.0,
    (second[0] + second[2]) + (second[1] + second[3]) + rest.1
  )
}

/// The largest of `count` values; `count` is at least 1.
@inline(__always)
func maximum(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
  var lanes = InlineArray<16, Float>(repeating: x[0])
  let blocks = count & ~15
  var i = 0
  while i < blocks {
    for lane in 0..<16 {
      let value = x[i &+ lane]
      lanes[lane] = value > lanes[lane] ? value : lanes[lane]
    }
    i &+= 16
  }
  var largest = lanes[0]
  for lane in 1..<16 { largest = lanes[lane] > largest ? lanes[lane] : largest }
  while i < count {
    largest = x[i] > largest ? x[i] : largest
    i &+= 1
  }
  return largest
}

/// Adds the sums of the columns of `x` (rows, columns; row-major) to `out` (columns).
package func addColumnSums(
  _ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, columns: Int
) {
  var row = 0
  while row &+ 4 <= rows {
    let a = x + row &* columns
    let b = a + columns
    let c = b + columns
    let d = c + columns
    for i in 0..<columns { out[i] += (a[i] + b[i]) + (c[i] + d[i]) }
    row &+= 4
  }
  while row < rows {
    let a = x + row &* columns
    for i in 0..<columns { out[i] += a[i] }
    row &+= 1
  }
}
