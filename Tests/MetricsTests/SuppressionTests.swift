import Basics
import Metrics
import Testing

@Suite("Suppression of groups")
struct SuppressionTests {
  /// A table drawn at random: row sets by the values of attributes, which belong to persons.
  private struct Table {
    let threshold: PublishingThreshold
    var clusters: [Int] = []
    var sets: [[Int]] = []
    var rows: [Int] { Array(clusters.indices) }

    init(seed: UInt64, rows count: ClosedRange<Int>, threshold: PublishingThreshold) {
      self.threshold = threshold
      var random = SplitMix64(seed: seed, stream: .simulation)
      let rows = Int.random(in: count, using: &random)
      let persons = Int.random(in: rows / 2...rows, using: &random)
      clusters = (0..<rows).map { $0 < persons ? $0 : Int.random(in: 0..<persons, using: &random) }
      for _ in 0..<Int.random(in: 2...4, using: &random) {
        let values = Int.random(in: 2...5, using: &random)
        let shares = (0..<values).map { _ in Double.random(in: 0.02...1, using: &random) }
        // Who leaves out one answer leaves out others.
        let missing = Double.random(in: 0...0.3, using: &random)
        let value = (0..<persons).map { person -> Int in
          guard Double(person) / Double(persons) > missing else { return values }
          var left = Double.random(in: 0...shares.reduce(0, +), using: &random)
          return shares.firstIndex { share in
            left -= share
            return left <= 0
          } ?? 0
        }
        sets += (0...values).map { one in clusters.indices.filter { value[clusters[$0]] == one } }
      }
      sets.removeAll { $0.isEmpty }
    }

    var verdicts: [Suppression.Verdict] {
      Suppression.verdicts(on: sets, of: [rows], clusters: clusters, threshold: threshold)
    }

    /// The indicator vectors of the whole and of sets.
    func vectors(_ places: [Int]) -> [[Int]] {
      [rows.map { _ in 1 }]
        + places.map { place in
          let members = Set(sets[place])
          return rows.map { members.contains($0) ? 1 : 0 }
        }
    }

    /// Whether figures of the rows where `vector` is not zero would be of too few.
    func isTooSmall(_ vector: [Int]) -> Bool {
      var (support, persons) = (0, Set<Int>())
      for row in rows where vector[row] != 0 {
        support += 1
        persons.insert(clusters[row])
        if threshold.allows(rows: support, clusters: persons.count) { return false }
      }
      return support > 0
    }

    /// Whether leaving out some rows or persons, too few to publish, lowers the vectors' rank: then a
    /// combination is non-zero on these alone.
    func isRevealing(_ vectors: [[Int]]) -> Bool {
      func left(_ out: Set<Int>) -> [[Double]] {
        vectors.map { vector in rows.filter { !out.contains($0) }.map { Double(vector[$0]) } }
      }
      let rank = Self.rank(left([]))
      let few = Self.subsets(rows, upTo: threshold.minRows - 1).map(Set.init)
      let persons = Self.subsets(Set(clusters).sorted(), upTo: threshold.minClusters - 1).map {
        out in Set(rows.filter { out.contains(clusters[$0]) })
      }
      return (few + persons).contains { Self.rank(left($0)) < rank }
    }

    static func subsets(_ all: [Int], upTo size: Int) -> [[Int]] {
      guard size > 0 else { return [[]] }
      return [[]]
        + all.indices.flatMap { first in
          subsets(Array(all[(first + 1)...]), upTo: size - 1).map { [all[first]] + $0 }
        }
    }

    static func rank(_ vectors: [[Double]]) -> Int {
      var (left, rank) = (vectors, 0)
      for column in left.first?.indices ?? 0..<0 {
        let best = left.indices.max { left[$0][column].magnitude < left[$1][column].magnitude }
        guard let best, left[best][column].magnitude > 1e-9 else { continue }
        let pivot = left.remove(at: best)
        left = left.map { row in
          zip(row, pivot).map { $0 - $1 * row[column] / pivot[column] }
        }
        rank += 1
      }
      return rank
    }
  }

  private static let survey = PublishingThreshold(minRows: 10, minClusters: 5)

  /// Calls `body` with each sum of `vectors` with coefficients -1, 0 and 1.
  private func combine(_ vectors: ArraySlice<[Int]>, _ sum: [Int], _ body: ([Int]) -> Void) {
    guard let first = vectors.first else { return body(sum) }
    for sign in [-1, 0, 1] {
      combine(vectors.dropFirst(), zip(sum, first).map { $0 + sign * $1 }, body)
    }
  }

  @Test("no sum or difference of shown sets and the whole leaves too few rows or persons")
  func combinations() {
    var shown = 0
    var isFound = false
    for seed in 1...16 {
      let table = Table(seed: UInt64(seed), rows: 40...120, threshold: Self.survey)
      let verdicts = table.verdicts
      let places = table.sets.indices.filter { verdicts[$0] == .shown }
      shown += places.count
      #expect(places.allSatisfy { !table.isTooSmall(table.vectors([$0])[1]) })
      // All combinations of few sets, and those of any three where there are many.
      let families = places.count <= 7 ? [places] : Table.subsets(places, upTo: 3)
      for family in families where places.count <= 7 || family.count == 3 {
        let vectors = table.vectors(family)
        var found: [Int]?
        combine(vectors[...], table.rows.map { _ in 0 }) { sum in
          if table.isTooSmall(sum) { found = sum }
        }
        #expect(found == nil, "seed \(seed): \(family)")
      }
      let large = table.sets.indices.filter { verdicts[$0] != .tooSmall }
      isFound = isFound || large.count > places.count
    }
    #expect(shown > 50, "most groups of such tables are shown")
    #expect(isFound, "some are withheld for the sake of others")
  }

  @Test(
    "a set is withheld exactly where those decided before it make it reveal too few rows or persons"
  )
  func exact() {
    let threshold = PublishingThreshold(minRows: 3, minClusters: 2)
    var counts: [Suppression.Verdict: Int] = [:]
    for seed in 100..<112 {
      let table = Table(seed: UInt64(seed), rows: 10...14, threshold: threshold)
      var shown: [Int] = []
      let weights = table.sets.map { set in set.count * table.sets.count { $0 == set } }
      let order = table.sets.indices.sorted { (-weights[$0], $0) < (-weights[$1], $1) }
      let verdicts = table.verdicts
      for place in order {
        counts[verdicts[place], default: 0] += 1
        let isSmall = table.isTooSmall(table.vectors([place])[1])
        #expect(isSmall == (verdicts[place] == .tooSmall))
        guard !isSmall else { continue }
        let isRevealing = table.isRevealing(table.vectors(shown + [place]))
        #expect(isRevealing == (verdicts[place] == .revealing), "seed \(seed), set \(place)")
        if !isRevealing { shown.append(place) }
      }
    }
    #expect(counts.values.allSatisfy { $0 > 5 } && counts.count == 3)
  }

  @Test("identical sets are decided alike, whatever the rows and persons are called")
  func names() {
    for seed in 200..<220 {
      var table = Table(seed: UInt64(seed), rows: 40...120, threshold: Self.survey)
      let verdicts = table.verdicts
      let count = table.clusters.count
      let names = table.clusters.map { -7 * $0 }
      table.sets = table.sets.map { $0.map { count - 1 - $0 } }
      table.clusters = names.reversed()
      #expect(table.verdicts == verdicts)
      table.sets += table.sets
      #expect(table.verdicts == verdicts + verdicts)
    }
  }

  /// Rows numbered on from the last part: an attribute with groups of these sizes.
  private func parts(_ sizes: Int...) -> [[Int]] {
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return Array(start..<start + size)
    }
  }

  private func verdicts(
    _ sets: [[Int]], rows: Int, clusters: [Int]? = nil, wholes: [[Int]]? = nil
  ) -> [Suppression.Verdict] {
    Suppression.verdicts(
      on: sets, of: wholes ?? [Array(0..<rows)], clusters: clusters ?? Array(0..<rows),
      threshold: Self.survey)
  }

  @Test("a group of another attribute with the same rows cannot make up for a withheld one")
  func sameRows() {
    // Race: missing, a large group, a small one, and 8 rows in all of others. Gender: the same 24
    // rows are missing.
    let (race, gender) = (parts(24, 50, 12, 8), parts(24, 40, 30))
    let found = verdicts(race + gender, rows: 94)
    #expect(found == [.shown, .shown, .revealing, .tooSmall, .shown, .shown, .shown])
    // Without the small group the missing rows would reveal the 8 through either attribute, and so
    // would the smaller gender.
    let fewer = verdicts(parts(24, 62, 8) + gender, rows: 94)
    #expect(fewer == [.revealing, .shown, .tooSmall, .revealing, .shown, .revealing])
    // Where three attributes share the missing rows, the large group is withheld instead.
    let shared = verdicts(parts(24, 62, 8) + gender + parts(24, 25, 45), rows: 94)
    let races: [Suppression.Verdict] = [.shown, .revealing, .tooSmall]
    #expect(shared == races + [.shown, .shown, .shown] + [.shown, .shown, .shown])
  }

  @Test("sets of two attributes that differ by few rows are not both shown")
  func nearlyTheSame() {
    let found = verdicts([Array(0..<30), Array(0..<28), Array(3..<60)], rows: 90)
    #expect(found == [.shown, .revealing, .shown])
    let far = verdicts([Array(0..<30), Array(0..<20)], rows: 90)
    #expect(far == [.shown, .shown])
  }

  @Test("ten rows of four persons are too few, alone and as a difference")
  func persons() {
    let clusters = (0..<80).map { $0 < 12 ? $0 % 4 : $0 }
    #expect(verdicts(parts(12, 68), rows: 80, clusters: clusters) == [.tooSmall, .revealing])
    let found = verdicts([Array(0..<40), Array(12..<40)], rows: 80, clusters: clusters)
    #expect(found == [.shown, .revealing])
    #expect(verdicts(parts(12, 68), rows: 80) == [.shown, .shown])
  }

  @Test("a set is shown only where that is safe for the rows of every target")
  func wholes() {
    let sets = parts(12, 48)
    #expect(verdicts(sets, rows: 60) == [.shown, .shown])
    // One target has no label for three rows of the first group.
    let found = verdicts(sets, rows: 60, wholes: [Array(0..<60), Array(3..<60)])
    #expect(found == [.tooSmall, .revealing])
  }
}
