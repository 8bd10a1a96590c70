import Foundation
import Harness
import Reference

extension LabellingError {
  /// The exit code a command ends with.
  var exitStatus: ExitStatus {
    switch self {
    case .missingKey, .badURL, .insecureURL, .noPrice: .usage
    case .badPrompt, .badJournal, .badLabels: .badData
    case .refused, .unavailable, .badResponse, .tooLarge, .tooManyFailures, .journalInUse:
      .unavailable
    case .file(let path, _):
      FileManager.default.fileExists(atPath: path) ? .unavailable : .missingInput
    }
  }
}

extension CurationError {
  /// The exit code a command ends with.
  var exitStatus: ExitStatus {
    switch self {
    case .unknownLabels, .outOfRange, .tooFew, .duplicateIDs: .badData
    }
  }
}
