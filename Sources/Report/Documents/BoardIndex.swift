import Harness

/// `leaderboards.json`: where each board's documents stand.
struct BoardIndex: Encodable {
  let schema = 1
  let boards: [Item]

  struct Item: Encodable {
    let benchmark: String
    let title: String
    let split: String
    let systems: Int
    let published: Int
    let page: String
    let json: String
    let csv: String
  }

  init(_ tables: [BoardTable]) {
    boards = tables.map { table in
      let folder = table.path
      return Item(
        benchmark: table.benchmark.id, title: table.benchmark.title, split: table.board.split,
        systems: table.scored.count, published: table.published.count,
        page: "\(folder)/index.html", json: "\(folder)/leaderboard.json",
        csv: "\(folder)/leaderboard.csv")
    }
  }
}
