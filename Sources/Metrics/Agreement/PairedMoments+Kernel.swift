import Basics

// The one place where the columns are read through pointers. Every index stays below the count of
// the buffer, which both callers have checked to be equal for the two columns.

/// Eight partial sums side by side: LLVM keeps them in vector registers.
private typealias Lanes = SIMD8<Double>

extension PairedMoments {
  /// Rows of a block; fixed, so that sums do not depend on the number of threads.
  static let blockRows = 4096
  /// Blocks that one piece of parallel work takes.
  private static let blocksPerTask = 16

  static func read(
    _ x: UnsafeBufferPointer<Double>, _ y: UnsafeBufferPointer<Double>, threads: Int
  ) -> PairedMoments {
    if x.count <= blockRows { return block(x, y) }
    let rows = blockRows * blocksPerTask
    let tasks = (x.count + rows - 1) / rows
    let parts = Parallel.map(tasks, threads: threads) { task in
      var part = PairedMoments()
      var start = task * rows
      let end = min(x.count, start + rows)
      while start < end {
        let next = min(end, start + blockRows)
        part.merge(block(x.extracting(start..<next), y.extracting(start..<next)))
        start = next
      }
      return part
    }
    var all = PairedMoments()
    for part in parts { all.merge(part) }
    return all
  }

  /// Sums of one block about its own mean.
  private static func block(
    _ x: UnsafeBufferPointer<Double>, _ y: UnsafeBufferPointer<Double>
  ) -> PairedMoments {
    let n = x.count
    guard n > 0 else { return PairedMoments() }
    let first = (x[0], y[0])
    // Sums about the first row: exactly zero for a constant column, whatever its value.
    var sumX = Lanes.zero, sumY = Lanes.zero
    // Largest distance from the first row tells a constant column from one whose squares underflow.
    var farX = Lanes.zero, farY = Lanes.zero
    let whole = n / 8 * 8
    for i in stride(from: 0, to: whole, by: 8) {
      let dx = load(x, i) - first.0, dy = load(y, i) - first.1
      sumX += dx
      sumY += dy
      farX.replace(with: dx, where: dx .!= 0)
      farY.replace(with: dy, where: dy .!= 0)
    }
    if whole < n {
      let dx = tail(x, whole, first.0), dy = tail(y, whole, first.1)
      sumX += dx
      sumY += dy
      farX.replace(with: dx, where: dx .!= 0)
      farY.replace(with: dy, where: dy .!= 0)
    }
    var sums = PairedMoments()
    sums.count = n
    sums.isConstantX = !any(farX .!= 0)
    sums.isConstantY = !any(farY .!= 0)
    sums.centreX = first.0 + sumX.sum() / Double(n)
    sums.centreY = first.1 + sumY.sum() / Double(n)
    sums.addDeviations(x, y)
    return sums
  }

  /// Second pass over a block: squares and products about the centres, corrected for their error.
  private mutating func addDeviations(
    _ x: UnsafeBufferPointer<Double>, _ y: UnsafeBufferPointer<Double>
  ) {
    let n = x.count
    let cx = centreX, cy = centreY
    var sx = Lanes.zero, sy = Lanes.zero, sxx = Lanes.zero, syy = Lanes.zero, sxy = Lanes.zero
    var see = Lanes.zero, sae = Lanes.zero
    let whole = n / 8 * 8
    for i in stride(from: 0, to: whole, by: 8) {
      let rowX = load(x, i), rowY = load(y, i)
      let dx = rowX - cx, dy = rowY - cy, error = rowX - rowY
      sx += dx
      sy += dy
      sxx += dx * dx
      syy += dy * dy
      sxy += dx * dy
      see += error * error
      sae += magnitude(error)
    }
    for i in whole..<n {
      let dx = x[i] - cx, dy = y[i] - cy, error = x[i] - y[i]
      sx[i - whole] += dx
      sy[i - whole] += dy
      sxx[i - whole] += dx * dx
      syy[i - whole] += dy * dy
      sxy[i - whole] += dx * dy
      see[i - whole] += error * error
      sae[i - whole] += error.magnitude
    }
    let (sumX, sumY) = (sx.sum(), sy.sum())
    remainderX = sumX / Double(n)
    remainderY = sumY / Double(n)
    sumSquaresX = isConstantX ? 0 : max(0, sxx.sum() - sumX * remainderX)
    sumSquaresY = isConstantY ? 0 : max(0, syy.sum() - sumY * remainderY)
    sumProducts = isConstantX || isConstantY ? 0 : sxy.sum() - sumX * remainderY
    sumSquaredErrors = see.sum()
    sumAbsoluteErrors = sae.sum()
  }

  /// Adds the rows of `other` (Chan, Golub and LeVeque's update).
  public mutating func merge(_ other: PairedMoments) {
    guard other.count > 0 else { return }
    guard count > 0 else {
      self = other
      return
    }
    let (n, m) = (Double(count), Double(other.count))
    let share = m / (n + m)
    let dx = (other.centreX - centreX) + (other.remainderX - remainderX)
    let dy = (other.centreY - centreY) + (other.remainderY - remainderY)
    let weight = n * share
    sumSquaresX += other.sumSquaresX + dx * dx * weight
    sumSquaresY += other.sumSquaresY + dy * dy * weight
    sumProducts += other.sumProducts + dx * dy * weight
    sumSquaredErrors += other.sumSquaredErrors
    sumAbsoluteErrors += other.sumAbsoluteErrors
    isConstantX = isConstantX && other.isConstantX && dx == 0
    isConstantY = isConstantY && other.isConstantY && dy == 0
    (centreX, remainderX) = Self.normalised(centreX, remainderX + dx * share)
    (centreY, remainderY) = Self.normalised(centreY, remainderY + dy * share)
    count += other.count
  }

  /// `a + b` as its rounded sum and the rounding error (Knuth's two-sum).
  private static func normalised(_ a: Double, _ b: Double) -> (Double, Double) {
    let sum = a + b
    let part = sum - a
    return (sum, (a - (sum - part)) + (b - part))
  }

  /// Eight neighbours; the caller has checked that `i + 8 <= count`.
  @inline(__always)
  private static func load(_ column: UnsafeBufferPointer<Double>, _ i: Int) -> Lanes {
    UnsafeRawBufferPointer(column).loadUnaligned(
      fromByteOffset: i &* MemoryLayout<Double>.stride, as: Lanes.self)
  }

  @inline(__always)
  private func load(_ column: UnsafeBufferPointer<Double>, _ i: Int) -> Lanes {
    Self.load(column, i)
  }

  private static func tail(
    _ column: UnsafeBufferPointer<Double>, _ start: Int, _ centre: Double
  ) -> Lanes {
    var lanes = Lanes.zero
    for i in start..<column.count { lanes[i - start] = column[i] - centre }
    return lanes
  }

  @inline(__always)
  private func magnitude(_ v: Lanes) -> Lanes {
    let bits = unsafeBitCast(v, to: SIMD8<UInt64>.self) & SIMD8(repeating: UInt64.max >> 1)
    return unsafeBitCast(bits, to: Lanes.self)
  }
}
