/// What somebody may have meant by a name that is not known.
public enum Spelling {
  /// The name of `known` that is nearest to `name`: no more than a third of its letters, and at most
  /// three, inserted, deleted or replaced, upper and lower case alike. nil where none is so near.
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

  /// Levenshtein's distance.
  static func distance(_ a: String, _ b: String) -> Int {
    let b = Array(b)
    var row = Array(0...b.count)
    for letter in a {
      var diagonal = row[0]
      row[0] += 1
      for index in b.indices {
        let replaced = diagonal + (letter == b[index] ? 0 : 1)
        diagonal = row[index + 1]
        row[index + 1] = min(replaced, row[index] + 1, diagonal + 1)
      }
    }
    return row[b.count]
  }
}
