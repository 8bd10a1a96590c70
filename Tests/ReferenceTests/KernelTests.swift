import Basics
import Foundation
import Reference
import Testing

/// The kernels against naive twins in Double.
@Suite("Kernels")
struct KernelTests {
  /// `count` values from a seed, in [-size, size].
  static func values(_ count: Int, seed: UInt64, size: Float = 3) -> [Float] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in Float.random(in: -size...size, using: &random) }
  }

  @Test("exponential is within 1.5 ulp of e^x")
  func exponentials() {
    var worst = 0.0
    for x in stride(from: Float(-87), through: 88, by: 0.000_31) {
      let truth = exp(Double(x))
      worst = max(worst, abs(Double(exponential(x)) - truth) / truth)
    }
    #expect(worst < 1.5 * 0x1p-23)
    #expect(exponential(-1000) > 0 && exponential(1000).isFinite)
    #expect(exponential(0) == 1)
  }

  @Test("GELU and its derivative are within rounding of the exact form")
  func gelus() {
    for x in stride(from: Float(-12), through: 12, by: 0.000_37) {
      let z = Double(x)
      let cumulative = 0.5 * erfc(-z / 2.0.squareRoot())
      let density = exp(-z * z / 2) / (2 * Double.pi).squareRoot()
      let (value, derivative) = gelu(x)
      #expect(abs(Double(value) - z * cumulative) <= 1.5e-7 * max(1, abs(z)))
      #expect(abs(Double(derivative) - cumulative - z * density) <= 4e-7)
    }
  }

  @Test("softmax rows sum to 1 and are those of the naive form", arguments: [1, 7, 16, 33, 100])
  func softmax(columns: Int) {
    let (rows, stride) = (3, scoreStride(columns))
    var x = Self.values(rows * stride, seed: 1, size: 30)
    let truth = (0..<rows).flatMap { row -> [Double] in
      let line = x[(row * stride)..<(row * stride + columns)].map(Double.init)
      let largest = line.max() ?? 0
      let powers = line.map { exp($0 - largest) }
      let total = powers.reduce(0, +)
      // Between the rows there are zeros.
      return powers.map { $0 / total } + Array(repeating: 0, count: stride - columns)
    }
    softmaxForward(&x, rows: rows, columns: columns)
    for (a, b) in zip(x, truth) { #expect(abs(Double(a) - b) < 1e-6) }
  }

  @Test("layer norm with bias and residual", arguments: [6, 16, 50])
  func layerNorm(channels: Int) {
    let rows = 4
    let start = Self.values(rows * channels, seed: 2)
    let residual = Self.values(rows * channels, seed: 3)
    let bias = Self.values(channels, seed: 4)
    let gain = Self.values(channels, seed: 5)
    let offset = Self.values(channels, seed: 6)
    var x = start
    var out = x
    var rstd = Array(repeating: Float(0), count: rows)
    var scratch = Array(repeating: Float(0), count: channels)
    gain.withUnsafeBufferPointer { gain in
      offset.withUnsafeBufferPointer { offset in
        guard let gain = gain.baseAddress, let offset = offset.baseAddress else { return }
        LayerNorm(gain: gain, offset: offset, epsilon: 1e-5, channels: channels).forward(
          &out, normalised: &x, bias: bias, residual: residual, rstd: &rstd, rows: rows,
          rowOffset: 0, mask: nil, scratch: &scratch)
      }
    }
    for row in 0..<rows {
      let line = (0..<channels).map {
        Double(start[row * channels + $0]) + Double(bias[$0])
          + Double(residual[row * channels + $0])
      }
      let mean = line.reduce(0, +) / Double(channels)
      let variance = line.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(channels)
      for i in 0..<channels {
        let truth =
          (line[i] - mean) / (variance + 1e-5).squareRoot() * Double(gain[i]) + Double(offset[i])
        #expect(abs(Double(out[row * channels + i]) - truth) < 2e-6 * 20)
      }
    }
  }

  @Test("a column's sum is added, whatever the number of rows", arguments: [1, 3, 4, 9])
  func columnSums(rows: Int) {
    let x = Self.values(rows * 5, seed: 7)
    var out: [Float] = [1, 2, 3, 4, 5]
    addColumnSums(&out, x, rows: rows, columns: 5)
    for column in 0..<5 {
      let truth = (0..<rows).reduce(Double(column + 1)) { $0 + Double(x[$1 * 5 + column]) }
      #expect(abs(Double(out[column]) - truth) < 1e-5)
    }
  }

  @Test("AdamW is the published update, in Double")
  func adamW() {
    var settings = AdamW()
    settings.weightDecay = 0.01
    var p = Self.values(37, seed: 8)
    var truth = p.map(Double.init)
    var m = Array(repeating: Float(0), count: 37)
    var v = m
    var mTruth = m.map(Double.init)
    var vTruth = mTruth
    for step in 1...5 {
      let g = Self.values(37, seed: UInt64(100 + step))
      AdamWConstants(settings, learningRate: 1e-2, step: step, gradientScale: 0.5)
        .update(&p, gradient: g, m: &m, v: &v, count: 37)
      for i in truth.indices {
        let gradient = 0.5 * Double(g[i])
        truth[i] *= 1 - 1e-2 * 0.01
        mTruth[i] = 0.9 * mTruth[i] + 0.1 * gradient
        vTruth[i] = 0.98 * vTruth[i] + 0.02 * gradient * gradient
        let mean = mTruth[i] / (1 - pow(0.9, Double(step)))
        let square = vTruth[i] / (1 - pow(0.98, Double(step)))
        truth[i] -= 1e-2 * mean / (square.squareRoot() + 1e-6)
      }
    }
    for (a, b) in zip(p, truth) { #expect(abs(Double(a) - b) < 2e-6) }
  }

  @Test("a mask drops what it should, evenly, and differs from site to site and pass to pass")
  func masks() {
    let count = 200_000
    var seen: [[Float]] = []
    for (pass, site) in [(0, DropoutSite.attention), (0, .embeddings), (1, .attention)] {
      let mask = DropoutMask(
        DropoutKey(seed: 5, pass: UInt64(pass)), layer: 2, site: site, probability: 0.1)
      var factors = Array(repeating: Float(0), count: count)
      mask.write(&factors, start: 0, count: count)
      #expect(factors.allSatisfy { $0 == 0 || $0 == mask.scale })
      // Five standard deviations of a binomial share of 200,000 draws.
      let dropped = factors.map { $0 == 0 ? 1.0 : 0 }
      #expect(abs(dropped.reduce(0, +) / Double(count) - 0.1) < 5 * 0.000_67)
      for lag in [1, 2, 3, 16, 384] {
        let both = (0..<(count - lag)).reduce(0) { $0 + dropped[$1] * dropped[$1 + lag] }
        #expect(abs(both / Double(count - lag) - 0.01) < 5 * 0.000_23, "lag \(lag)")
      }
      seen.append(factors)
    }
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
      let both = zip(seen[a], seen[b]).reduce(0) { $0 + ($1.0 == 0 && $1.1 == 0 ? 1 : 0) }
      #expect(abs(Double(both) / Double(count) - 0.01) < 5 * 0.000_23)
    }
  }

  @Test("a part of a mask is the mask's part")
  func partialMasks() {
    let mask = DropoutMask(
      DropoutKey(seed: 1, pass: 2), layer: 0, site: .attention, probability: 0.5)
    var whole = Array(repeating: Float(0), count: 101)
    mask.write(&whole, start: 0, count: 101)
    var part = Array(repeating: Float(0), count: 31)
    mask.write(&part, start: 40, count: 31)
    #expect(part == Array(whole[40..<71]))
  }

  @Test("every piece of a loop runs once, over many loops", arguments: [1, 2, 5])
  func pool(threads: Int) {
    let pool = ThreadPool(threadCount: threads)
    let counts = UnsafeMutablePointer<Int>.allocate(capacity: 64)
    counts.initialize(repeating: 0, count: 64)
    for loop in 0..<20_000 {
      pool.run(1 + loop % 64) { piece, worker in
        counts[piece] += 1
        #expect(worker < threads)
      }
    }
    for piece in 0..<64 {
      #expect(counts[piece] == (0..<20_000).count { 1 + $0 % 64 > piece })
    }
    pool.stop()
    counts.deallocate()
  }
}
