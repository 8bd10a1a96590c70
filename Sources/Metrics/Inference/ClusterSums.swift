import Glibc

/// Sums of one system over the rows of each cluster, eight numbers side by side.
///
/// Lanes: n, Σy, Σy², Σx, Σx², Σxy, Σ(x - y)², Σ|x - y| with x and y centred on their means over all
/// rows. The metrics are functions of such a row, and rows add up: a bootstrap replicate is a
/// sum of rows with repetition, a jackknife replicate the total less one row.
struct ClusterSums: Sendable {
  typealias Row = SIMD8<Double>
  /// A number of each metric in its ``Metric/lane``, ``lanes`` of them.
  typealias Figures = SIMD8<Double>
  static let lanes = 5

  /// One row a cluster.
  let rows: [Row]
  let total: Row
  /// Mean prediction minus mean gold: what centring took away.
  let offset: Double
  let form: ConcordanceForm
  /// A replicate whose spread falls below these has a constant column but for rounding.
  private let leastX: Double
  private let leastY: Double

  /// - Parameter centre: what x is centred on; nil for its mean.
  init(
    _ sample: ClusteredSample, _ predictions: [Double], form: ConcordanceForm,
    centre: Double? = nil
  ) {
    precondition(predictions.count == sample.count, "one prediction a row")
    let centreX = centre ?? SampleMoments(predictions).mean
    let centreY = sample.centre
    var rows = [Row](repeating: .zero, count: sample.clusterCount)
    for i in predictions.indices {
      let x = predictions[i] - centreX, y = sample.gold[i] - centreY
      let error = predictions[i] - sample.gold[i]
      rows[sample.clusterOfRow[i]] += Row(1, y, y * y, x, x * x, x * y, error * error, abs(error))
    }
    self.rows = rows
    self.form = form
    total = rows.reduce(.zero, +)
    offset = centreX - centreY
    let n = max(1, total[0])
    // Rounding leaves about n·2⁻⁵³ of a mean square; 1e-13 is above that for any n that fits here.
    leastX = 1e-13 * max(total[4] / n, 1e-290)
    leastY = 1e-13 * max(total[2] / n, 1e-290)
  }

  /// PCC, CCC, RMSE, MAE, alpha of a sum of rows; NaN where undefined. Internal numbers: a caller counts
  /// the undefined and never lets a NaN out.
  @inline(__always) func metrics(_ s: Row) -> Figures {
    let n = s[0]
    let inverse = 1 / n
    let mx = s[3] * inverse, my = s[1] * inverse
    let vx = s[4] * inverse - mx * mx, vy = s[2] * inverse - my * my
    let cov = s[5] * inverse - mx * my
    let delta = offset + (mx - my)
    let bessel = form == .population ? 1 : n / (n - 1)
    let definedX = vx > leastX, definedY = vy > leastY
    let pcc = definedX && definedY ? max(-1, min(1, cov / (vx * vy).squareRoot())) : .nan
    let spread = (max(0, vx) + max(0, vy)) * bessel + delta * delta
    let ccc = n > 1 && (definedX || definedY) ? 2 * cov * bessel / spread : .nan
    let error = max(0, s[6]) * inverse
    let total = max(0, vx) + max(0, vy) + delta * delta / 2
    let alpha = total > max(leastX, leastY) ? 1 - (1 - inverse / 2) * error / total : .nan
    return Figures(pcc, ccc, error.squareRoot(), max(0, s[7]) * inverse, alpha, 0, 0, 0)
  }

  /// Gradients of the variance-stabilised metrics (atanh, atanh, ln, ln, atanh) with respect to the
  /// eight sums: the influence of a cluster is the product with its row.
  struct Gradients {
    let pcc: Row, ccc: Row, rmse: Row, mae: Row, alpha: Row

    @inline(__always) func squaredInfluence(_ row: Row) -> Figures {
      let influence = Figures(
        (pcc * row).sum(), (ccc * row).sum(), (rmse * row).sum(), (mae * row).sum(),
        (alpha * row).sum(), 0, 0, 0)
      return influence * influence
    }

  }

  /// One of ``gradients(_:)``; the others are not computed.
  func gradient(_ s: Row, _ lane: Int) -> Row {
    switch lane {
    case 0: gradients(s).pcc
    case 1: gradients(s).ccc
    case 2: gradients(s).rmse
    case 3: gradients(s).mae
    default: gradients(s).alpha
    }
  }

  @inline(__always) func gradients(_ s: Row) -> Gradients {
    let n = s[0]
    let mx = s[3] / n, my = s[1] / n
    let vx = s[4] - n * mx * mx, vy = s[2] - n * my * my, cov = s[5] - n * mx * my
    let dVX = Row(mx * mx, 0, 0, -2 * mx, 1, 0, 0, 0)
    let dVY = Row(my * my, -2 * my, 1, 0, 0, 0, 0, 0)
    let dCov = Row(mx * my, -mx, 0, -my, 0, 1, 0, 0)
    let scale = (vx * vy).squareRoot()
    let r = cov / scale
    let dR: Row = dCov / scale - (dVX / vx + dVY / vy) * (r / 2)
    let delta = offset + (mx - my)
    // 2·cov / (vx + vy + n·δ²), with n - 1 in the other form; its share of n is taken as fixed.
    let share = form == .population ? 1 : (n - 1) / n
    let spread = vx + vy + share * n * delta * delta
    let c = 2 * cov / spread
    let shift = mx - my
    let dShift = Row(delta * delta - 2 * delta * shift, -2 * delta, 0, 2 * delta, 0, 0, 0, 0)
    let dC: Row = (2 * dCov - (dVX + dVY + dShift * share) * c) / spread
    let dRMSE = Row(-0.5 / n, 0, 0, 0, 0, 0, 0.5 / s[6], 0)
    let dMAE = Row(-1 / n, 0, 0, 0, 0, 0, 0, 1 / s[7])
    // alpha = 1 - k·e/t with e = Σ(x - y)² and t = vx + vy + n·δ²/2; k is taken as fixed.
    let total = vx + vy + n * delta * delta / 2
    let ratio = s[6] / total
    let dError = Row(0, 0, 0, 0, 0, 0, 1, 0)
    let dTotal: Row = dVX + dVY + dShift / 2
    let dAlpha: Row = (dTotal * ratio - dError) / (s[6] * (2 - (1 - 0.5 / n) * ratio))
    return Gradients(
      pcc: dR / (1 - r * r), ccc: dC / (1 - c * c), rmse: dRMSE, mae: dMAE, alpha: dAlpha)
  }
}
