public import Foundation
public import Testing

/// The folder `shared` that stands beside a checkout: real open data and goldens.
///
/// A test that needs it says `.enabled(if: Shared.exists, Shared.missing)`.
public enum Shared {
  /// The checkout this source file stands in.
  public static let checkout: URL = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// `../shared` beside the checkout, or what `INVITRO_SHARED` names.
  public static let folder: URL =
    if let path = ProcessInfo.processInfo.environment["INVITRO_SHARED"] {
      URL(filePath: path)
    } else {
      checkout.deletingLastPathComponent().appending(path: "shared")
    }

  public static let exists = FileManager.default.fileExists(
    atPath: folder.appending(path: "fixtures").path)

  /// The message a skipped test shows.
  public static var missing: Comment { "../shared is not beside this checkout" }

  public static func url(_ path: String) -> URL { folder.appending(path: path) }

  public static func data(_ path: String) throws -> Data { try Data(contentsOf: url(path)) }
}
