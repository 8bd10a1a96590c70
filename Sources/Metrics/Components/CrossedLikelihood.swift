import COpenBLAS
import Glibc

/// The restricted likelihood of ``CrossedComponents`` at one pair of shares.
///
/// With θ² the variance of a factor over that of the rest, H = I + Σ θ²ZZᵀ is the covariance of the
/// rows over the variance of the rest. U = (θ_p Z_p, θ_a Z_a) gives |H| = |I + UᵀU| and
/// H⁻¹ = I - U(I + UᵀU)⁻¹Uᵀ (Woodbury), and of I + UᵀU the block of the larger factor is diagonal:
/// its Schur complement is all that is factorised (Henderson's absorption).
struct CrossedLikelihood {
  /// -2 ln L, with all constants; infinite where it cannot be computed.
  let deviance: Double
  /// Variance of the rest, profiled.
  let restVariance: Double
  let mean: Double

  private static let impossible = CrossedLikelihood(
    deviance: .infinity, restVariance: .nan, mean: .nan)

  private init(deviance: Double, restVariance: Double, mean: Double) {
    (self.deviance, self.restVariance, self.mean) = (deviance, restVariance, mean)
  }

  /// - Parameters:
  ///   - person: variance between persons over that of the rest, 0 or more; article: the same.
  ///   - work: room for the dense matrix, kept between calls.
  init(_ design: CrossedDesign, person: Double, article: Double, work: inout [Double]) {
    let first = (design.personsFirst ? person : article).squareRoot()
    let kept = (design.personsFirst ? article : person).squareRoot()
    let size = design.keptSizes.count
    if work.count != size * size { work = [Double](repeating: 0, count: size * size) }
    memset(&work, 0, work.count * MemoryLayout<Double>.stride)
    // Right-hand sides Uᵀ1 and Uᵀy of the kept factor, (size, 2), less what is eliminated.
    var sides = [Double](repeating: 0, count: 2 * size)
    for level in 0..<size {
      work[level * size + level] = 1 + kept * kept * design.keptSizes[level]
      sides[2 * level] = kept * design.keptSizes[level]
      sides[2 * level + 1] = kept * design.keptSums[level]
    }
    var logDeterminant = 0.0
    // 1ᵀH⁻¹1, 1ᵀH⁻¹y, yᵀH⁻¹y.
    var ones = Double(design.rows), cross = 0.0, squares = design.sumSquares
    for level in 0..<design.sizes.count {
      let diagonal = 1 + first * first * design.sizes[level]
      let (count, sum) = (first * design.sizes[level], first * design.sums[level])
      logDeterminant += log(diagonal)
      ones -= count * count / diagonal
      cross -= count * sum / diagonal
      squares -= sum * sum / diagonal
      let factor = first * kept / diagonal
      let cells = design.cellStarts[level]..<design.cellStarts[level + 1]
      for i in cells {
        let weight = factor * design.cellRows[i]
        let row = design.cellLevels[i]
        sides[2 * row] -= weight * count
        sides[2 * row + 1] -= weight * sum
        // The lower triangle: cells stand in the order of their levels.
        for j in cells.lowerBound...i {
          work[row * size + design.cellLevels[j]] -= weight * first * kept * design.cellRows[j]
        }
      }
    }
    if size > 0 {
      // Row-major lower is column-major upper: A = RᵀR.
      var (uplo, n, info) = (CChar(UInt8(ascii: "U")), Int32(size), Int32(0))
      dpotrf_(&uplo, &n, &work, &n, &info)
      guard info == 0 else {
        self = Self.impossible
        return
      }
      for level in 0..<size { logDeterminant += 2 * log(work[level * size + level]) }
      cblas_dtrsm(
        CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, n, 2, 1, work, n, &sides,
        2)
      for level in 0..<size {
        let (one, value) = (sides[2 * level], sides[2 * level + 1])
        ones -= one * one
        cross -= one * value
        squares -= value * value
      }
    }
    let degrees = Double(design.rows - 1)
    let residual = squares - cross * cross / ones
    guard ones > 0, residual > 0 else {
      self = Self.impossible
      return
    }
    restVariance = residual / degrees
    mean = design.centre + cross / ones
    deviance = logDeterminant + log(ones) + degrees * (1 + log(2 * .pi * residual / degrees))
  }
}
