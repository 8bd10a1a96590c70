// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import COpenBLAS

/// The start of a block of floats whose size the caller knows.
package typealias Floats = UnsafePointer<Float>
package typealias MutableFloats = UnsafeMutablePointer<Float>

/// Makes OpenBLAS run each call on the calling thread, for the whole process.
func useSingleThreadedProducts() { openblas_set_num_threads(1) }

/// The name of the processor kernels that OpenBLAS chose ("Haswell", "SkylakeX", "Zen", …); the
/// environment variable OPENBLAS_CORETYPE overrides its choice.
public func openBLASKernelName() -> String {
  openblas_get_corename().map { String(cString: $0) } ?? "unknown"
}

/// Which operand of a product is stored transposed.
enum Transposed { case neither, first, second }

/// out (M, N) = scale · x (M, K) · y (K, N) + beta · out; `ld` are the row strides. A transposed x
/// is stored as (K, M), a transposed y as (N, K).
@inline(__always) func multiply(
  _ out: MutableFloats, ldOut: Int, _ x: Floats, ldX: Int, _ y: Floats, ldY: Int, M: Int, N: Int,
  K: Int, transposed: Transposed = .neither, scale: Float = 1, beta: Float = 0
) {
  cblas_sgemm(
    CblasRowMajor, transposed == .first ? CblasTrans : CblasNoTrans,
    transposed == .second ? CblasTrans : CblasNoTrans, Int32(M), Int32(N), Int32(K), scale, x,
    Int32(ldX), y, Int32(ldY), beta, out, Int32(ldOut))
}

/// The sum of `count` values.
@inline(__always) func sum(_ x: Floats, _ count: Int) -> Float { reduce(count) { x[$0] } }

/// The sum of the lanes, by halves.
@inline(__always) private func total(_ lanes: InlineArray<16, Float>) -> Float {
  var lanes = lanes
  for lane in 0..<8 { lanes[lane] += lanes[lane + 8] }
  for lane in 0..<4 { lanes[lane] += lanes[lane + 4] }
  return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])
}

/// The sum of `value(i)` over `0..<count`, in sixteen lanes, which the optimiser vectorises;
/// the order of the additions is fixed by the length alone.
@inline(__always) func reduce(_ count: Int, _ value: (Int) -> Float) -> Float {
  var lanes = InlineArray<16, Float>(repeating: 0)
  let blocks = count & ~15
  var i = 0
  while i < blocks {
    for lane in 0..<16 { lanes[lane] += value(i &+ lane) }
    i &+= 16
  }
  var rest: Float = 0
  for i in blocks..<count { rest += value(i) }
  return total(lanes) + rest
}

/// The sums of two functions over `0..<count`, in one pass.
@inline(__always) func reduce2(_ count: Int, _ values: (Int) -> (Float, Float)) -> (Float, Float) {
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
  for i in blocks..<count {
    let (a, b) = values(i)
    rest.0 += a
    rest.1 += b
  }
  return (total(first) + rest.0, total(second) + rest.1)
}

/// The largest of `count` values, a multiple of 16.
@inline(__always) func maximum(_ x: Floats, _ count: Int) -> Float {
  func larger(_ a: Float, _ b: Float) -> Float { a > b ? a : b }
  var lanes = InlineArray<16, Float>(repeating: -.infinity)
  var i = 0
  while i < count {
    for lane in 0..<16 { lanes[lane] = larger(x[i &+ lane], lanes[lane]) }
    i &+= 16
  }
  for lane in 0..<8 { lanes[lane] = larger(lanes[lane], lanes[lane + 8]) }
  for lane in 0..<4 { lanes[lane] = larger(lanes[lane], lanes[lane + 4]) }
  return larger(larger(lanes[0], lanes[2]), larger(lanes[1], lanes[3]))
}

/// Adds the sums of the columns of `x` (rows, columns; row-major) to `out` (columns).
package func addColumnSums(_ out: MutableFloats, _ x: Floats, rows: Int, columns: Int) {
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
