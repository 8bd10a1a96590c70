public import Foundation
import HTTPTypes
package import Hummingbird
import Logging

/// The built site's files, each read whole when asked for: a build may replace the folder any time.
package struct SiteFiles: FileProvider {
  let root: URL

  package init(root: URL) { self.root = root }

  /// A file with its content, or a folder.
  package struct File: FileMiddlewareFileAttributes, Sendable {
    package var isFolder: Bool
    package var modificationDate: Date
    var content = ByteBuffer()

    package var size: Int { content.readableBytes }
  }

  /// Nil for a path, decoded, that could lead out of the site or to a hidden file.
  package func getFileIdentifier(_ path: String) -> File? {
    let parts = path.split(separator: "/")
    guard path.utf8.count <= 1000, path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x5C }),
      parts.allSatisfy({ !$0.hasPrefix(".") })
    else { return nil }
    let place = root.appending(path: parts.joined(separator: "/")).path
    // A link could lead out of the site, and a build has none.
    let descriptor = open(place, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    let time = status.st_mtim
    let changed = Date(timeIntervalSince1970: Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9)
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return File(isFolder: true, modificationDate: changed)
    case S_IFREG:
      guard let data = try? handle.readToEnd() ?? Data() else { return nil }
      return File(isFolder: false, modificationDate: changed, content: ByteBuffer(bytes: data))
    default: return nil
    }
  }

  package func getAttributes(id file: File) -> File? { file }

  package func loadFile(id file: File, context: some RequestContext) -> ResponseBody {
    ResponseBody(byteBuffer: file.content)
  }

  package func loadFile(
    id file: File, range: ClosedRange<Int>, context: some RequestContext
  ) -> ResponseBody {
    let range = range.clamped(to: 0...max(0, file.size - 1))
    return ResponseBody(
      byteBuffer: file.content.getSlice(at: range.lowerBound, length: range.count) ?? ByteBuffer())
  }
}

/// Says how long a file of the site may be kept, and shows the site's own page where there is none.
struct SiteMiddleware: RouterMiddleware {
  let files: SiteFiles

  func handle(_ request: Request, context: ServerContext, next: Next) async throws -> Response {
    let path = request.uri.path
    do {
      var response = try await next(request, context)
      guard context.endpointPath == "FileMiddleware" else { return response }
      // Pages name their assets with a digest in the query: an asset may be kept, a page may not.
      response.headers[.cacheControl] =
        path.hasPrefix("/assets/") ? "public, max-age=31536000" : "no-cache"
      if path.hasSuffix("/feed.xml") { response.headers[.contentType] = "application/atom+xml" }
      return response
    } catch let error as any HTTPResponseError where error.status == .notFound {
      if path == "/api" || path.hasPrefix("/api/") { throw error }
      guard request.method == .get || request.method == .head else {
        throw Problem.methodNotAllowed(request.method, allowed: [.get])
      }
      guard let page = files.getFileIdentifier("/404.html"), !page.isFolder else { throw error }
      return Response(
        status: .notFound,
        headers: [.contentType: "text/html; charset=utf-8", .cacheControl: "no-cache"],
        body: .init(byteBuffer: page.content))
    }
  }
}

extension Router<ServerContext> {
  /// Serves the site in `root` at every address without a route.
  func addSite(_ root: URL) {
    let files = SiteFiles(root: root)
    func text(_ subtype: String) -> MediaType {
      MediaType(type: .text, subType: subtype, parameter: ("charset", "utf-8"))
    }
    add(middleware: SiteMiddleware(files: files))
    add(
      middleware: FileMiddleware(fileProvider: files, searchForIndexHtml: true)
        .withAdditionalMediaTypes(forFileExtensions: [
          "html": text("html"), "css": text("css"), "js": text("javascript"), "csv": text("csv"),
          "txt": text("plain"), "tex": text("plain"), "bib": text("plain"),
        ]))
  }
}

/// Serves a built site to this machine alone, for looking at it while it is made.
public struct PreviewServer: Sendable {
  private let site: URL
  private let port: Int

  /// - Parameter site: the built site, which may come later; port 0 takes a free one.
  public init(_ site: URL, port: Int) { (self.site, self.port) = (site, port) }

  /// Serves until SIGINT or SIGTERM, or until the task is cancelled.
  /// - Parameter onReady: called with the port once requests are answered.
  public func run(onReady: @escaping @Sendable (_ port: Int) async -> Void) async throws {
    let router = Router(context: ServerContext.self)
    router.add(middleware: AnswerMiddleware())
    router.add(middleware: ProblemMiddleware(log: ServerLog { _ in }))
    router.addSite(site)
    let application = Application(
      router: router,
      configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
      onServerRunning: { channel in await onReady(channel.localAddress?.port ?? 0) },
      logger: ServerLog.framework)
    try await application.runService()
  }
}
