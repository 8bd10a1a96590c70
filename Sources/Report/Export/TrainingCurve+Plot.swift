import Basics
public import Foundation
import Harness
public import Reference

extension TrainingCurve {
  /// The loss of every step and the validation figures of every epoch.
  public func plot(title: String) -> PlotDocument {
    func figures(_ part: (ValidationMetrics) -> Double?) -> [(x: Double, y: Double)] {
      epochs.compactMap { epoch in
        part(epoch.validation).map { (x: Double(epoch.epoch), y: $0) }
      }
    }
    return PlotDocument(
      title: title,
      panels: [
        PlotDocument.Panel(
          horizontal: "step", vertical: "training loss",
          series: [
            PlotDocument.Series(
              name: "loss", points: steps.map { (x: Double($0.step), y: $0.loss) })
          ]),
        PlotDocument.Panel(
          horizontal: "epoch", vertical: "validation",
          series: [
            PlotDocument.Series(name: "CCC (n-1)", points: figures(\.ccc)),
            PlotDocument.Series(name: "PCC", points: figures(\.pcc)),
          ]),
      ])
  }

  /// Draws the run in `folder` as `curve.svg` there.
  public static func draw(_ folder: URL, title: String) throws {
    let plot = try TrainingCurve(folder: folder).plot(title: title)
    try AtomicFile.write(Data(plot.svg.utf8), to: folder.appending(path: "curve.svg"))
  }
}
