import Basics
import Synchronization
import Testing

@Suite("SplitMix64")
struct SplitMix64Tests {
  /// The first outputs of Vigna's splitmix64.c for the seed 1234567.
  static let published: [UInt64] = [
    6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
    4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
  ]

  @Test("its draws are the published ones, one after the other and by number")
  func published() {
    var generator = SplitMix64(seed: 1_234_567)
    for (k, expected) in Self.published.enumerated() {
      #expect(SplitMix64(seed: 1_234_567).draw(UInt64(k)) == expected)
      #expect(generator.next() == expected)
    }
  }

  @Test("uniform numbers lie where they are said to, and fill it evenly")
  func uniform() {
    var generator = SplitMix64(seed: 1)
    let values = (0..<10_000).map { _ in generator.uniform() }
    #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
    // The mean of n uniform numbers has the standard error 0.29/√n; five of them.
    #expect(abs(values.reduce(0, +) / 10_000 - 0.5) < 5 * 0.0029)
    let inside = (0..<1000).map { _ in generator.uniformInside() }
    #expect(inside.allSatisfy { $0 > 0 && $0 < 1 })
  }

  @Test("streams differ by seed, label and the order of labels")
  func labels() {
    let streams = [
      SplitMix64(seed: 1, labels: []), SplitMix64(seed: 1, labels: [1]),
      SplitMix64(seed: 2, labels: [1]), SplitMix64(seed: 1, labels: [1, 2]),
      SplitMix64(seed: 1, labels: [2, 1]),
    ]
    #expect(Set(streams.map(\.state)).count == streams.count)
    #expect(SplitMix64(seed: 1, labels: [3, 4]) == SplitMix64(seed: 1, labels: [3, 4]))
  }
}

@Suite("Rounding")
struct RoundingTests {
  @Test(
    "halves that a Double holds exactly go to even",
    arguments: [
      (0.125, 2, 0.12), (0.375, 2, 0.38), (2.5, 0, 2), (3.5, 0, 4), (-2.5, 0, -2), (0.5, 0, 0),
    ])
  func ties(value: Double, decimals: Int, expected: Double) {
    #expect(Rounding.rounded(value, decimals: decimals) == expected)
  }

  @Test("there is no negative zero, and nothing that is not finite passes")
  func edges() {
    #expect(Rounding.rounded(-0.00001, decimals: 4)?.sign == .plus)
    #expect(Rounding.rounded(.nan, decimals: 4) == nil)
    #expect(Rounding.rounded(.infinity, decimals: 4) == nil)
    #expect(Rounding.rounded(nil, decimals: 4) == nil)
    #expect(Rounding.rounded(1e300, decimals: 4) == 1e300)
  }

  @Test(
    "text has exactly the decimals asked for",
    arguments: [
      (-0.00004, 4, "0.0000"), (-1.23456, 4, "-1.2346"), (2.5, 0, "2"), (0.9996, 3, "1.000"),
      (12.25, 1, "12.2"), (0, 2, "0.00"),
    ])
  func text(value: Double, decimals: Int, expected: String) {
    #expect(Rounding.text(value, decimals: decimals) == expected)
  }
}

@Suite("Parallel work")
struct ParallelTests {
  @Test("results come in their order for any number of threads", arguments: [1, 2, 3, 16])
  func order(threads: Int) {
    #expect(Parallel.map(100, threads: threads) { $0 * $0 } == (0..<100).map { $0 * $0 })
    #expect(Parallel.map(0, threads: threads) { $0 } == [])
  }

  @Test("the first error by order is thrown")
  func errors() {
    #expect(throws: BasicsError.json(reason: "7")) {
      try Parallel.map(Array(0..<50)) { item in
        if item % 10 == 7 { throw BasicsError.json(reason: "\(item)") }
        return item
      }
    }
  }

  @Test("a pool runs each piece of each loop once", arguments: [1, 2, 4])
  func pool(threads: Int) {
    let pool = ThreadPool(threadCount: threads)
    defer { pool.stop() }
    for pieces in [0, 1, 7, 1000] {
      let counts = Mutex(Array(repeating: 0, count: pieces))
      let workers = Mutex<Set<Int>>([])
      pool.run(pieces) { piece, worker in
        counts.withLock { $0[piece] += 1 }
        workers.withLock { _ = $0.insert(worker) }
      }
      #expect(counts.withLock { $0.allSatisfy { $0 == 1 } })
      #expect(workers.withLock { $0.allSatisfy { (0..<threads).contains($0) } })
    }
  }
}
