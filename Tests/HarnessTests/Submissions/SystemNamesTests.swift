import Harness
import Testing

@Suite("Names of systems") struct SystemNamesTests {
  @Test(
    "files are called by what their paths differ in",
    arguments: [
      (["runs/a.tsv"], ["a"]),
      (["a.tsv", "b.tsv"], ["a", "b"]),
      (["runs/a/p.tsv", "runs/b/p.tsv"], ["a", "b"]),
      (["runs/a/p.tsv", "runs/b/q.tsv"], ["p", "q"]),
      (["x/1/p.tsv", "y/1/p.tsv"], ["x", "y"]),
      (["a/p.tsv", "a/q.tsv", "b/p.tsv"], ["a/p", "a/q", "b/p"]),
      (["a/p.tsv", "p.tsv", "-"], ["a/p", "p", "standard input"]),
      (["p.tsv", "p.csv"], ["p.tsv", "p.csv"]),
    ])
  func distinct(_ paths: [String], _ names: [String]) {
    #expect(SystemNames.distinct(paths) == names)
  }
}
