/// Asks whether a linear combination of indicator vectors in which the last has coefficient 1 is
/// non-zero on few units only, and not zero on all: the smallest cocircuit through an element of a linear matroid.
///
/// A combination c is zero on a part if c · part = 0. It has to be non-zero somewhere on every set of
/// units whose parts determine the last coefficient, so disjoint sets of that kind bound its cost from
/// below; where the bound decides nothing, the search branches over the units of one of them.
struct SparseVectorSearch {
  /// Rows or clusters that only count together.
  struct Unit {
    /// The parts that they touch: for each indicator vector 1 or 0, (width,).
    var parts: [[UInt64]]
    var cost: Int
  }

  /// Number of indicator vectors.
  let width: Int
  /// Steps after which the answer is yes: to withhold a group too many is safe. No table with the
  /// shape of a survey comes near it.
  static let maxSteps = 20_000
  private(set) var steps = 0

  init(width: Int) { self.width = width }

  /// Whether such a vector is non-zero on units that together cost less than `budget`, and on at least
  /// one.
  mutating func succeeds(_ units: [Unit], budget: Int) -> Bool {
    let none = Span(width: width)
    var all = none
    for unit in units { all.add(unit) }
    return all.determinesLast && succeeds(units, zeros: none, budget: budget)
  }

  /// - Parameter zeros: of parts on which the vector has to be zero.
  private mutating func succeeds(_ units: [Unit], zeros: Span, budget: Int) -> Bool {
    steps += 1
    guard steps <= Self.maxSteps else { return true }
    var zeros = zeros
    for unit in units where unit.cost >= budget { zeros.add(unit) }
    guard !zeros.determinesLast else { return false }
    let units = units.filter { $0.cost < budget }
    var pool = units
    var bound = 0
    var branch: [Int]?
    var places = Array(units.indices)
    while let circuit = Self.circuit(pool, zeros) {
      bound += circuit.map { pool[$0].cost }.min() ?? 0
      guard bound < budget else { return false }
      if branch.map({ circuit.count < $0.count }) ?? true { branch = circuit.map { places[$0] } }
      for place in circuit.reversed() {
        pool.remove(at: place)
        places.remove(at: place)
      }
    }
    guard let branch else { return true }
    var rest = units
    for place in branch.reversed() {
      let unit = rest.remove(at: place)
      if succeeds(rest, zeros: zeros, budget: budget - unit.cost) { return true }
      zeros.add(unit)
      if zeros.determinesLast { return false }
    }
    return false
  }

  /// Places, ascending, of units that with `zeros` determine the last coefficient, few where they are
  /// easily found; nil where all units together do not.
  private static func circuit(_ units: [Unit], _ zeros: Span) -> [Int]? {
    let seed = units.first { $0.parts[0].last == 1 } ?? units.first
    guard let seed else { return nil }
    let distances = units.map { unit in
      zip(unit.parts[0], seed.parts[0]).count { $0 != $1 }
    }
    var span = zeros
    for place in units.indices.sorted(by: { (distances[$0], $0) < (distances[$1], $1) }) {
      span.add(units[place], place: place)
      if span.determinesLast { return span.placesInLast }
    }
    return nil
  }
}

/// The span of parts and the last unit vector reduced by it, in the integers modulo 2^61 - 1: exact,
/// for the determinants of up to 35 indicator vectors are smaller (Hadamard).
private struct Span {
  private let width: Int
  /// In echelon form; the columns from `width` on say what a row is made of.
  private var rows: [(pivot: Int, values: [UInt64])] = []
  private var last: [UInt64]
  /// The unit that each of those columns stands for.
  private var places: [Int] = []

  init(width: Int) {
    self.width = width
    last = [UInt64](repeating: 0, count: 2 * width)
    last[width - 1] = 1
  }

  /// Whether the last coefficient of a vector that is zero on all parts is zero.
  var determinesLast: Bool { !last[..<width].contains { $0 != 0 } }

  /// The units that a combination which gives the last unit vector is made of, ascending.
  var placesInLast: [Int] {
    Set(places.indices.filter { last[width + $0] != 0 }.map { places[$0] }).sorted()
  }

  /// - Parameter place: of the unit, to be named by ``placesInLast``; nil for none.
  mutating func add(_ unit: SparseVectorSearch.Unit, place: Int? = nil) {
    for part in unit.parts {
      var values = part + [UInt64](repeating: 0, count: width)
      if place != nil, places.count < width { values[width + places.count] = 1 }
      for row in rows { Self.eliminate(row.pivot, of: &values, by: row.values) }
      guard let pivot = values[..<width].firstIndex(where: { $0 != 0 }) else { continue }
      if let place { places.append(place) }
      rows.append((pivot, values))
      Self.eliminate(pivot, of: &last, by: values)
    }
  }

  private static func eliminate(_ pivot: Int, of values: inout [UInt64], by row: [UInt64]) {
    let factor = values[pivot]
    guard factor != 0 else { return }
    let scale = row[pivot]
    for column in values.indices {
      let (kept, taken) = (product(values[column], scale), product(row[column], factor))
      values[column] = kept >= taken ? kept - taken : kept + prime - taken
    }
  }

  private static let prime: UInt64 = (1 << 61) - 1

  private static func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let (high, low) = a.multipliedFullWidth(by: b)
    let sum = (low & prime) + (low >> 61 | high << 3)
    return sum >= prime ? sum - prime : sum
  }
}
