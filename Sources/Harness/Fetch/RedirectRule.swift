package import Foundation

/// Which addresses are asked at all, and which redirects are followed.
package enum RedirectRule {
  /// http and https alone, and never from https back to http.
  ///
  /// - Parameter from: the address that redirects; nil for the first one.
  /// - Throws: `FetchError.badAddress` or `FetchError.redirectRefused`.
  package static func check(_ url: URL, from: URL?) throws {
    let scheme = url.scheme?.lowercased()
    let known = (scheme == "http" || scheme == "https") && url.host()?.isEmpty == false
    guard let from else {
      guard known else { throw FetchError.badAddress(url.absoluteString) }
      return
    }
    let reason: String
    if !known {
      reason = "only http and https are"
    } else if from.scheme?.lowercased() == "https", scheme == "http" {
      reason = "it leaves https"
    } else {
      return
    }
    throw FetchError.redirectRefused(
      from: from.absoluteString, to: url.absoluteString, reason: reason)
  }
}
