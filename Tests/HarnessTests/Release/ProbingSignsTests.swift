import Basics
import Harness
import Metrics
import Testing

@Suite("Signs of probing")
struct ProbingSignsTests {
  private static func column(_ seed: UInt64, rows: Int = 80) -> [Double] {
    var random = SplitMix64(seed: seed, stream: .simulation)
    return (0..<rows).map { _ in 4 + random.normal() }
  }

  private let system = Self.column(1)

  private func mix(_ parts: (Double, [Double])...) -> [Double] {
    system.indices.map { row in parts.reduce(0) { $0 + $1.0 * $1.1[row] } }
  }

  private func find(
    _ predictions: [Double], own: [[Double]] = [], others: [[Double]] = []
  ) -> [ProbingSign] {
    ProbingSigns(own: own, others: others, releases: []).find(
      in: predictions, isNewBest: false, step: 0.1)
  }

  @Test("independent systems show no sign, nor do an ensemble of three runs and coarse answers")
  func none() {
    let others = (2..<8).map { Self.column($0) }
    #expect(find(system, own: [Self.column(9)], others: others) == [])
    let runs = (10..<13).map { mix((0.95, system), (0.3, Self.column($0))) }
    let third = 1.0 / 3
    let ensemble = mix((third, runs[0]), (third, runs[1]), (third, runs[2]))
    #expect(find(ensemble, own: Array(runs.prefix(2))) == [])
    let whole = runs.map { $0.map { $0.rounded() } }
    #expect(Set(zip(whole[0], whole[1]).map { $0 - $1 }).count <= 3)
    #expect(find(whole[0], own: [whole[1]]) == [])
  }

  @Test(
    "three releases in a row, each a step above the last, are a sign, and only of a new best",
    arguments: [
      ([0.4, 0.5, 0.6, 0.7], true), ([0.1, 0.4, 0.5, 0.6, 0.7], true), ([0.4, 0.5, 0.6], false),
      ([0.4, 0.5, 0.7, 0.8], false), ([1.6, 1.5, 1.4, 1.3], true), ([], false),
    ])
  func steps(releases: [Double], climbs: Bool) {
    let signs = ProbingSigns(own: [], others: [], releases: releases)
    #expect(signs.find(in: system, isNewBest: true, step: 0.1) == (climbs ? [.smallSteps] : []))
    #expect(signs.find(in: system, isNewBest: false, step: 0.1) == [])
  }

  @Test("a first submission against the mean of three other teams is a sign, a later one is not")
  func opposite() {
    let others = (2..<5).map { mix((0.8, system), (0.6, Self.column($0))) }
    let against = mix((-0.8, system), (0.6, Self.column(7)))
    #expect(find(against, others: others) == [.opposite])
    #expect(find(against, others: Array(others.prefix(2))) == [])
    let padded = Array(others.prefix(2)) + [system.map { _ in 4 }]
    #expect(find(against, others: padded) == [], "a constant is no mean to be opposite to")
    #expect(find(against, own: [Self.column(8)], others: others) == [])
  }

  @Test("two or three values are a sign in 20 rows or more")
  func fewValues() {
    #expect(find(system.map { $0 < 4 ? 2 : 6 }) == [.fewValues])
    #expect(find(system.map { _ in 4 }) == [.fewValues])
    #expect(find(system.map { min(6, max(3, $0.rounded())) }) == [])
    #expect(find([1, 2, 1, 2]) == [])
  }

  @Test("what one or two earlier submissions make up is a sign, and whose they were is told")
  func built() {
    let other = Self.column(2)
    var patched = system
    for row in 0..<7 { patched[row] += 0.5 }
    let blocks = system.indices.map { system[$0] + ($0 < 20 ? 0.5 : $0 < 40 ? -0.5 : 0) }
    for built in [patched, blocks, mix((-2, system)), mix((1, system), (0.01, other))] {
      #expect(find(built, own: [system]) == [.builtFromOwn])
      #expect(find(built, others: [system]) == [.builtFromOthers])
      #expect(find(built, own: [Self.column(3)]) == [])
    }
    let mixed = mix((0.7, system), (0.4, other))
    #expect(find(mixed, own: [system, other]) == [.builtFromOwn])
    #expect(find(mixed, own: [system], others: [Self.column(3), other]) == [.builtFromOthers])
    #expect(find(mixed, own: [system]) == [])
    #expect(find(mixed, own: [system, system.map { $0 * (1 + 1e-12) }]) == [])
  }
}
