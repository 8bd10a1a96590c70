import Foundation

extension Guesser {
  mutating func guessClusters() {
    guard request.clusters.isEmpty else { return }
    let inPair = ids.count > 1 && request.ids.isEmpty ? Set(ids) : []
    let candidates = sketches.filter { sketch in
      (roles[sketch.name] == nil || inPair.contains(sketch.name)) && sketch.canName
        && isIDLike(sketch) && !NameHint.position.fits(sketch) && !NameHint.attribute.fits(sketch)
        && (sketch.distinct * 2 <= sketch.rows
          || NameHint.person.fits(sketch) && sketch.distinct < sketch.rows)
    }
    // Where each value of one column stands with one value of another, the larger groups are the ones
    // that are independent of each other.
    let outer = candidates.filter { sketch in
      let larger = candidates.first {
        $0.name != sketch.name && $0.distinct < sketch.distinct && isNested(sketch, in: $0)
      }
      guard let larger else { return true }
      if !inPair.contains(sketch.name) {
        take(
          sketch.name, "not used",
          "each value stands with one of '\(larger.name)', which is the cluster")
      }
      return false
    }
    let ranked =
      outer.filter(NameHint.person.fits) + outer.filter { !NameHint.person.fits($0) }
    for (place, sketch) in ranked.enumerated() {
      guard place < 2 else {
        take(sketch.name, "not used", "two clusters are taken already; --cluster takes others")
        continue
      }
      let name = Self.shortName(sketch.name)
      clusters.append(DraftRequest.Named(name: name, column: sketch.name))
      take(
        sketch.name, "cluster \(name)",
        "its name, and values that repeat: rows of one are not "
          + "independent" + (place == 1 ? "; crosses the first cluster" : ""))
    }
  }

  private func isNested(_ inner: ColumnSketch, in outer: ColumnSketch) -> Bool {
    var home: [String: String] = [:]
    for (value, group) in zip(cells(inner), cells(outer)) {
      if home[value, default: group] != group { return false }
      home[value] = group
    }
    return true
  }

  /// `speaker` for `speaker_id`.
  private static func shortName(_ column: String) -> String {
    let name = DraftRequest.plainName(column)
    for ending in ["_id", "Id", "ID"] where name.hasSuffix(ending) && name.count > ending.count {
      return DraftRequest.plainName(String(name.dropLast(ending.count)))
    }
    return name
  }

  /// Columns that are called what attributes are called, as age and platform.
  mutating func guessNamedAttributes() {
    guard request.attributes.isEmpty else { return }
    for sketch in free where NameHint.attribute.fits(sketch) && sketch.distinct > 1 {
      if sketch.distinct <= Self.maxCodes && sketch.maxLength <= 40 {
        addAttribute(sketch, "its name, and few different values")
      } else if sketch.isNumeric {
        addAttribute(sketch, "its name; numbers fall into bins")
      }
    }
  }

  static let maxCodes = 12

  mutating func guessOtherAttributes() {
    if request.attributes.isEmpty {
      for sketch in free
      where sketch.distinct > 1 && sketch.distinct <= Self.maxCodes && sketch.maxLength <= 40
        && (!sketch.isNumeric || sketch.distinct == 2) && sketch.rows >= 5 * sketch.distinct
      { addAttribute(sketch, "few different values that repeat") }
    }
    for sketch in free {
      let why =
        switch (sketch.distinct, sketch.isNumeric) {
        case (0, _): "empty"
        case (1, _): "one value in every row"
        case (_, true): "numbers that do not look like labels; --target or --attribute takes them"
        case (_, false): "many different values; --id, --cluster or --text takes them"
        }
      take(sketch.name, "not used", why)
    }
  }

  private mutating func addAttribute(_ sketch: ColumnSketch, _ why: String) {
    let name = DraftRequest.plainName(sketch.name)
    attributes.append(DraftRequest.Named(name: name, column: sketch.name))
    take(sketch.name, "attribute \(name)", why)
  }

  mutating func guessTargets() {
    guard request.targets.isEmpty else { return }
    let numeric = free.filter { sketch in
      guard let range = sketch.range else { return false }
      let isOther =
        NameHint.id.fits(sketch) || NameHint.index.fits(sketch) || NameHint.position.fits(sketch)
      return sketch.distinct > 2 && !isOther && !sketch.name.isEmpty && abs(range.lowerBound) <= 100
        && abs(range.upperBound) <= 100
    }
    for sketch in numeric {
      let name = DraftRequest.plainName(sketch.name)
      targets.append(DraftRequest.Named(name: name, column: sketch.name))
      take(sketch.name, "target \(name)", "numbers on a scale")
    }
  }

  /// Codes of few values, or bins of many numbers.
  func group(_ attribute: DraftRequest.Named) -> BenchmarkDefinition.GroupDefinition? {
    guard let sketch = sketch(attribute.column), sketch.distinct > 0 else { return nil }
    if sketch.distinct <= Self.maxCodes || !sketch.isNumeric {
      let codes = Dictionary(uniqueKeysWithValues: sketch.counts.keys.map { ($0, $0) })
      return BenchmarkDefinition.GroupDefinition(attribute: attribute.name, codes: codes)
    }
    let edges = Self.edges(sketch)
    let texts = edges.map(ColumnSketch.text)
    let labels = edges.indices.dropLast().map { place in
      if place == edges.count - 2 { return "\(texts[place])+" }
      return sketch.isWhole
        ? "\(texts[place])-\(ColumnSketch.text(edges[place + 1] - 1))"
        : "\(texts[place]) to under \(texts[place + 1])"
    }
    return BenchmarkDefinition.GroupDefinition(
      attribute: attribute.name, edges: edges, labels: labels)
  }

  /// Edges of about four bins that hold equally many rows: the usual ones of ages, else quartiles
  /// rounded to two digits.
  private static func edges(_ sketch: ColumnSketch) -> [Double] {
    guard let range = sketch.range else { return [0, 1] }
    let values = sketch.counts.flatMap { value, count in
      [Double](repeating: Double(value) ?? 0, count: count)
    }.sorted()
    func rounded(_ value: Double, _ rule: FloatingPointRoundingRule) -> Double {
      let step = pow(10, log10(max(abs(value), 1)).rounded(.down) - 1)
      let unit = sketch.isWhole ? max(step, 1) : step
      return (value / unit).rounded(rule) * unit
    }
    let isAge = sketch.words.contains("age") && range.lowerBound >= 0 && range.upperBound <= 120
    let inner =
      isAge
      ? [18, 25, 35, 45, 55, 65]
      : [1, 2, 3].map { rounded(values[values.count * $0 / 4], .toNearestOrEven) }
    let low = rounded(range.lowerBound, .down)
    let high = max(rounded(range.upperBound, .up), low + 1)
    return ([low] + Set(inner).sorted().filter { low < $0 && $0 < high } + [high])
  }
}
