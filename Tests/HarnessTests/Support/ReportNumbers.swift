import Basics
import Foundation
import Harness

extension ScoreReport {
  /// Every number in the report's document, wherever it stands, but for the level, which is a choice
  /// and no figure.
  var numbers: [Double] {
    get throws {
      var numbers: [Double] = []
      func collect(_ value: Any) {
        switch value {
        case let object as [String: Any]: object.values.forEach(collect)
        case let list as [Any]: list.forEach(collect)
        case let number as NSNumber: numbers.append(number.doubleValue)
        default: break
        }
      }
      let document = try JSONSerialization.jsonObject(with: CanonicalJSON.document(self))
      var figures = document as? [String: Any] ?? [:]
      figures["level"] = nil
      collect(figures)
      return numbers
    }
  }
}
