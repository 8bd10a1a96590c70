/// What somebody may have meant by a name that is not known.
public enum Spelling {
  /// The name of `known` that is nearest to `name`: no more than a third of its letters, and at most
  /// three, inserted, deleted, replaced or swapped, upper and lower case alike. nil where none is so near.
  public static func nearest(_ name: String, among known: some Sequence<String>) -> String? {
    let most = min(3, max(1, name.count / 3))
    let near = known.map { (distance(name.lowercased(), $0.lowercased()), $0) }
      .filter { $0.0 <= most }
    return near.min { $0.0 < $1.0 }?.1
  }

  /// `; did you mean 'clusters'?`, or nothing where no name is near.
  public static func hint(_ name: String, among known: some Sequence<String>) -> String {
    nearest(name, among: known).map { "; did you mean '\($0)'?" } ?? ""
  }

  /// Levenshtein's distance, two neighbours that are swapped being one step (optimal string alignment).
  static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var before = [Int](repeating: 0, count: b.count + 1)
    var row = Array(0...b.count)
    for i in a.indices {
      var next = [i + 1] + b.map { _ in 0 }
      for j in b.indices {
        next[j + 1] = min(row[j + 1] + 1, next[j] + 1, row[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          next[j + 1] = min(next[j + 1], before[j - 1] + 1)
        }
      }
      (before, row) = (row, next)
    }
    return row[b.count]
  }
}
