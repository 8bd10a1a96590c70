import Basics
import Foundation
import Harness
import Metrics

/// `invitro-bench score PREDICTIONS GOLD`: in-process times of reading two header-less files and of
/// PCC, CCC and RMSE of both columns, as the Python peer does it.
enum ScoreBench {
  static func run(_ arguments: [String]) throws {
    guard arguments.count == 2 else { throw HarnessError.usage("score PREDICTIONS GOLD") }
    var read = Double.infinity
    var metrics = Double.infinity
    var figures: [Double] = []
    for _ in 0..<5 {
      let start = ContinuousClock.now
      let files = try arguments.map { path -> NumericColumns in
        let data = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
        guard let columns = NumericColumns.parse(data, maximumColumns: 2) else {
          throw HarnessError.usage("\(path) is not two plain columns")
        }
        return columns
      }
      let parsed = ContinuousClock.now
      figures = []
      for column in files[0].columns.indices {
        let sums = PairedMoments(
          predictions: files[0].columns[column], gold: files[1].columns[column],
          threads: Parallel.processors)
        figures += [sums.pcc(), sums.ccc(), sums.rmse()].compactMap(\.value)
      }
      let done = ContinuousClock.now
      read = min(read, (parsed - start) / .milliseconds(1))
      metrics = min(metrics, (done - parsed) / .milliseconds(1))
    }
    print(
      "  ours, in process: read \(Rounding.text(read, decimals: 1)) ms, metrics "
        + "\(Rounding.text(metrics, decimals: 1)) ms (best of 5), PCC \(figures.first ?? 0)")
  }
}
