/// Follows the links of one page within its site.
struct LinkCheck {
  let path: String
  let known: Set<String>
  let pages: [String: ParsedPage]

  func faults(_ page: ParsedPage) -> [SiteChecker.Diagnostic] {
    page.references.compactMap { fault($0, page) }
  }

  private func fault(
    _ reference: ParsedPage.Reference, _ page: ParsedPage
  ) -> SiteChecker.Diagnostic? {
    let address = reference.address
    func fault(_ kind: SiteChecker.Kind) -> SiteChecker.Diagnostic {
      SiteChecker.Diagnostic(
        file: path, line: reference.line, kind: kind, detail: SafeText.shortened(address, to: 120))
    }
    if let scheme = Self.scheme(of: address) {
      if reference.isFetched { return fault(.outsideRequest) }
      return scheme == "http" || scheme == "https" ? nil : fault(.unsafeLink)
    }
    // It is shown under any address, so it links from the host's root, which no check knows here.
    if path == "404.html", address.hasPrefix("/"), !address.hasPrefix("//") { return nil }
    if address.hasPrefix("//") { return fault(.outsideRequest) }
    let parts = address.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let file = String(parts[0].prefix { $0 != "?" })
    let anchor = parts.count > 1 ? String(parts[1]) : nil
    guard let target = file.isEmpty ? path : Self.resolve(file, from: path),
      known.contains(target)
    else { return fault(.brokenLink) }
    if let anchor, !anchor.isEmpty, let page = pages[target], !page.ids.contains(anchor) {
      return fault(.brokenAnchor)
    }
    return nil
  }

  /// `file` as seen from the page at `path`; nil where it leaves the site or starts at a root that
  /// depends on where the site stands.
  static func resolve(_ file: String, from path: String) -> String? {
    guard !file.hasPrefix("/") else { return nil }
    var parts = path.split(separator: "/").dropLast().map(String.init)
    for part in file.split(separator: "/", omittingEmptySubsequences: true) {
      switch part {
      case ".": continue
      case "..":
        guard !parts.isEmpty else { return nil }
        parts.removeLast()
      default: parts.append(String(part))
      }
    }
    if file.hasSuffix("/") || parts.isEmpty { parts.append("index.html") }
    return parts.joined(separator: "/")
  }

  private static func scheme(of address: String) -> String? {
    guard let colon = address.firstIndex(of: ":") else { return nil }
    let before = address[..<colon]
    let isScheme =
      !before.isEmpty
      && before.utf8.allSatisfy {
        ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || [0x2B, 0x2D, 0x2E].contains($0)
          || ($0 >= 0x30 && $0 <= 0x39)
      }
    return isScheme ? before.lowercased() : nil
  }
}
