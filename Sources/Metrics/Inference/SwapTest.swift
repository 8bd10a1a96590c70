import Basics

/// The clustered swap permutation test of two systems.
///
/// Under the null hypothesis the two systems are exchangeable within a cluster: both predictions
/// of a whole cluster change places, each cluster with probability 1/2. Two-sided,
/// p = (b + 1)/(B + 1) with b replicates at least as far from 0 as the observed difference. PCC is
/// compared on predictions standardised over all rows (it ignores scale, so exchanging raw ones
/// would mix two scales), CCC, RMSE and MAE on raw ones.
public struct SwapTest: Sendable, Hashable {
  /// p-values of PCC, CCC, RMSE, MAE.
  public let p: [Metric: Figure]
  /// Replicates drawn, B.
  public let replicates: Int
  /// Replicates in which a metric is undefined; they count as far out, against a finding.
  public let undefinedReplicates: Int
  public let clusters: Int

  /// Short name for a signature.
  public static let method = "swap"

  typealias Row = SIMD8<Double>

  private static let taskReplicates = 1024

  /// - Parameters: both (n,), finite, in the order of the sample.
  public init(
    _ sample: ClusteredSample, _ a: [Double], _ b: [Double], options: InferenceOptions = .init()
  ) {
    precondition(a.count == sample.count && b.count == sample.count, "one prediction a row")
    replicates = options.replicates
    clusters = sample.clusterCount
    let kernel = SwapKernel(sample, a, b, form: options.form)
    let tables = SwapTables(kernel.differences)
    let generator = SplitMix64(seed: options.seed, stream: .swap)
    let tasks = (options.replicates + Self.taskReplicates - 1) / Self.taskReplicates
    let parts = Parallel.map(tasks, threads: options.threads) { task in
      let start = task * Self.taskReplicates
      let end = min(options.replicates, start + Self.taskReplicates)
      var counts = SIMD4<Int64>.zero, undefined = 0
      for replicate in start..<end {
        let (far, isUndefined) = kernel.isFar(tables.sum(replicate, generator))
        counts &-= far
        undefined += isUndefined ? 1 : 0
      }
      return (counts, undefined)
    }
    var counts = SIMD4<Int64>.zero
    for part in parts { counts &+= part.0 }
    undefinedReplicates = parts.reduce(0) { $0 + $1.1 }
    var p: [Metric: Figure] = [:]
    for metric in Metric.ranking {
      guard let lane = metric.lane else { continue }
      let reason = Self.obstacle(metric, sample, a, b, options.form)
      p[metric] =
        reason.map { .undefined($0) }
        ?? .value(Double(counts[lane] + 1) / Double(options.replicates + 1))
    }
    self.p = p
  }

  private static func obstacle(
    _ metric: Metric, _ sample: ClusteredSample, _ a: [Double], _ b: [Double],
    _ form: ConcordanceForm
  ) -> Figure.Reason? {
    let reasons = [a, b].compactMap { x in
      PairedMoments(predictions: x, gold: sample.gold).figure(metric, form: form).reason
    }
    return reasons.first
  }
}

/// What a swap of a set of clusters does to the two systems' sums.
struct SwapKernel: Sendable {
  typealias Row = SIMD8<Double>

  /// For each cluster the second system's sums less the first one's. Lanes: Σz, Σz², Σzy
  /// (standardised) and Σx, Σx², Σxy, Σ(x - y)², Σ|x - y| (raw, about the mean gold label).
  let differences: [Row]
  private let totalA: Row
  private let totalB: Row
  private let n: Double
  private let sumSquaresY: Double
  private let bessel: Double
  private var observed = SIMD4<Double>.zero

  init(_ sample: ClusteredSample, _ a: [Double], _ b: [Double], form: ConcordanceForm) {
    n = Double(sample.count)
    bessel = form == .population ? 1 : n / (n - 1)
    sumSquaresY = SampleMoments(sample.gold).sumSquares
    let rowsA = Self.sums(sample, a), rowsB = Self.sums(sample, b)
    differences = zip(rowsA, rowsB).map { $1 - $0 }
    totalA = rowsA.reduce(.zero, +)
    totalB = rowsB.reduce(.zero, +)
    let start = difference(.zero)
    // Replicates that differ from the observed one by rounding alone count as equal to it.
    let slack = SIMD4(1e-12, 1e-12, 1e-12 * Self.size(totalA, n), 1e-12 * Self.size(totalA, n))
    for lane in 0..<4 { observed[lane] = abs(start[lane]) - slack[lane] }
  }

  private static func size(_ total: Row, _ n: Double) -> Double {
    max(1e-300, (total[6] / max(1, n)).squareRoot())
  }

  private static func sums(_ sample: ClusteredSample, _ x: [Double]) -> [Row] {
    let moments = SampleMoments(x)
    let deviation = (moments.sumSquares / moments.count).squareRoot()
    let scale = deviation > 0 ? 1 / deviation : 0
    var rows = [Row](repeating: .zero, count: sample.clusterCount)
    for i in x.indices {
      let y = sample.gold[i] - sample.centre
      let z = (x[i] - moments.mean) * scale, raw = x[i] - sample.centre
      let error = x[i] - sample.gold[i]
      rows[sample.clusterOfRow[i]] += Row(
        z, z * z, z * y, raw, raw * raw, raw * y, error * error, abs(error))
    }
    return rows
  }

  /// Metrics of the first system less those of the second after the swap; NaN where undefined.
  @inline(__always)
  private func difference(_ swapped: Row) -> SIMD4<Double> {
    metrics(totalA + swapped) - metrics(totalB - swapped)
  }

  @inline(__always)
  private func metrics(_ s: Row) -> SIMD4<Double> {
    // Gold is centred, so Σzy and Σxy are sums of products of deviations already.
    let vz = s[1] - s[0] * s[0] / n
    let pcc = s[2] / (vz * sumSquaresY).squareRoot()
    let mean = s[3] / n
    let spread = (s[4] - s[3] * mean + sumSquaresY) * bessel + n * mean * mean
    let ccc = 2 * s[5] * bessel / spread
    return SIMD4(pcc, ccc, (max(0, s[6]) / n).squareRoot(), s[7] / n)
  }

  /// Lanes of -1 where the replicate is at least as far out as the observed difference.
  @inline(__always)
  func isFar(_ swapped: Row) -> (SIMD4<Int64>, undefined: Bool) {
    let d = difference(swapped)
    let size = d.replacing(with: -d, where: d .< 0)
    // Not "less" rather than "greater": an undefined replicate counts as far out.
    let far = SIMD4<Int64>(repeating: -1).replacing(with: 0, where: size .< observed)
    return (far, d[0].isNaN || d[1].isNaN)
  }
}

/// Subset sums by table: clusters in groups of five, all 32 sums of a group written down, so that
/// a replicate is one look-up a group (the method of four Russians).
struct SwapTables: Sendable {
  typealias Row = SIMD8<Double>
  private static let groupSize = 5
  private static let groupsOfDraw = 12

  private let tables: [Row]
  private let groups: Int
  private let draws: Int

  init(_ rows: [Row]) {
    groups = (rows.count + Self.groupSize - 1) / Self.groupSize
    draws = (groups + Self.groupsOfDraw - 1) / Self.groupsOfDraw
    var tables: [Row] = []
    tables.reserveCapacity(groups << Self.groupSize)
    for group in 0..<groups {
      for subset in 0..<(1 << Self.groupSize) {
        var sum = Row.zero
        for k in 0..<Self.groupSize where subset >> k & 1 == 1 {
          let cluster = group * Self.groupSize + k
          if cluster < rows.count { sum += rows[cluster] }
        }
        tables.append(sum)
      }
    }
    self.tables = tables
  }

  /// The sum over the clusters swapped in replicate `b`: 60 bits of each draw, one a cluster.
  @inline(__always)
  func sum(_ b: Int, _ generator: SplitMix64) -> Row {
    var even = Row.zero, odd = Row.zero
    tables.withUnsafeBufferPointer { tables in
      var group = 0
      for draw in 0..<draws {
        var bits = generator.draw(UInt64(b * draws + draw))
        let end = min(groups, group + Self.groupsOfDraw)
        while group + 1 < end {
          even += tables[group << Self.groupSize | Int(bits & 31)]
          odd += tables[(group + 1) << Self.groupSize | Int(bits >> 5 & 31)]
          bits >>= 10
          group += 2
        }
        if group < end {
          even += tables[group << Self.groupSize | Int(bits & 31)]
          group += 1
        }
      }
    }
    return even + odd
  }

  /// The clusters swapped in replicate `b` as 0/1, the same draws as `sum`.
  static func pattern(
    _ b: Int, clusters: Int, _ generator: SplitMix64, into line: UnsafeMutablePointer<Double>
  ) {
    let perDraw = groupSize * groupsOfDraw
    let draws = ((clusters + groupSize - 1) / groupSize + groupsOfDraw - 1) / groupsOfDraw
    for cluster in 0..<clusters {
      let bits = generator.draw(UInt64(b * draws + cluster / perDraw))
      line[cluster] = Double(bits >> UInt64(cluster % perDraw) & 1)
    }
  }
}
