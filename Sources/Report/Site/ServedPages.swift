package import Foundation

/// The pages that a server makes when they are asked for, in the site's looks.
public struct ServedPages: Sendable {
  /// Those that a built site links to.
  static let linked = ["submit", "api"]

  private let templates: Templates
  private let context: SiteContext
  /// Whether the site's public address begins with https.
  package let isHTTPS: Bool

  /// - Parameter input: of the site; its boards do not matter.
  public init(_ builder: SiteBuilder, _ input: SiteInput) {
    isHTTPS = input.address?.scheme == "https"
    var input = input
    // Nobody shares links to these pages, so they name no address of their own.
    input.address = nil
    templates = builder.templates
    context = builder.plan(input).context
  }

  /// - Parameters:
  ///   - path: of the address from the site's root, without a slash at its beginning.
  ///   - hasLedger: whether the site has a page of its log.
  /// - Throws: what the encoder throws.
  package func html(
    _ template: Templates.Name, path: String, title: String, section: SiteContext.Section,
    hasLedger: Bool, _ content: any Encodable & Sendable
  ) throws -> Data {
    var page = context.page(
      template, path: path, title: title, description: title, section: section, content)
    page.layout.hasLedger = hasLedger
    return try templates.render(page)
  }
}
