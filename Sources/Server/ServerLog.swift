import Foundation
import Harness

/// Lines on standard error for the operator: what happened, never what a team sent or what a label
/// is.
public struct ServerLog: Sendable {
  private let write: @Sendable (String) -> Void

  public init(_ write: @escaping @Sendable (String) -> Void) { self.write = write }

  func note(_ text: String) { write("\(Date().stamp) \(text)") }

  /// A fault of ours. An error of the readers may quote an upload, so only its kind is told.
  func fault(_ what: String, _ error: any Error) {
    let why =
      switch error {
      case HarnessError.invalid(let faults):
        faults.map(\.code.rawValue).prefix(5).joined(separator: ", ")
      case let error as HarnessError: error.description
      case let error as ServerError: error.description
      default: "\(type(of: error))"
      }
    write("\(Date().stamp) error: \(what): \(why)")
  }
}
