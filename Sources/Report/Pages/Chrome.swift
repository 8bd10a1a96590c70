import Foundation

/// What every page shows around its content.
struct Chrome: Sendable {
  enum Section: String { case boards, method, replication, none }

  let site: String
  let address: URL?
  let version: String?
  let hasReplication: Bool
  let hasFeed: Bool
  /// First digits of the assets' digest: a changed stylesheet gets a new address.
  let assets: String

  /// The content of the layout for the page at `path`; `preview` is the picture that a chat shows
  /// beside a link to it, from the site's root.
  func content(
    path: String, title: String, description: String, section: Section,
    preview: String = SitePaths.preview
  ) -> Content {
    let depth = path.utf8.count { $0 == 0x2F }
    var content: Content = [
      "site": site, "pageTitle": SafeText.shortened(title, to: 110),
      "description": SafeText.shortened(description, to: 200),
      "root": SitePaths.root(depth: depth), "assets": assets,
      "hasReplication": hasReplication, "hasFeed": hasFeed,
      "onBoards": section == .boards, "onMethod": section == .method,
      "onReplication": section == .replication,
    ]
    if let version { content["version"] = version }
    if let address {
      content["canonical"] = address.appending(path: path).absoluteString
      content["preview"] = address.appending(path: preview).absoluteString
    }
    return content
  }
}
