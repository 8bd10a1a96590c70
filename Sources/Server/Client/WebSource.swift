public import Foundation
public import Harness
public import Ledger
public import Report

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Reads a site with a ledger over HTTP: a leaderboard server, or static files.
public final class WebSource: LedgerSource {
  public let name: String
  private let address: URL
  private let session: URLSession

  /// - Throws: a usage error for an address that is not http or https.
  public init(_ address: String) throws(HarnessError) {
    guard let url = URL(string: address), ["http", "https"].contains(url.scheme ?? ""),
      url.host != nil
    else { throw .usage("The site's address begins with http:// or https://.") }
    (name, self.address) = (address, url)
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = 30
    configuration.httpMaximumConnectionsPerHost = 8
    configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
    session = URLSession(configuration: configuration)
  }

  deinit { session.finishTasksAndInvalidate() }

  /// - Throws: ``HarnessError/system(path:reason:)`` where no answer comes, or one that is neither the
  ///   file nor "not found".
  public func read(_ path: String) async throws -> Data? {
    try await get(address.appending(path: path))
  }

  /// The document of a server, and that of static files.
  public func boards(_ key: String) async throws -> [Data] {
    let parts = key.split(separator: "/").map(String.init)
    let query = [
      URLQueryItem(name: "benchmark", value: parts.first),
      URLQueryItem(name: "split", value: parts.last),
    ]
    let server = address.appending(path: "api/v1/leaderboard").appending(queryItems: query)
    if let document = try await get(server) { return [document] }
    return try await read("\(key)/leaderboard.json").map { [$0] } ?? []
  }

  private func get(_ url: URL) async throws(HarnessError) -> Data? {
    for attempt in 1... {
      let (status, body, wait) = try await answer(to: URLRequest(url: url))
      switch status {
      case 200: return body
      case 404, 410: return nil
      case 429,
        503 where attempt < 4:
        try? await Task.sleep(for: .seconds(wait ?? 1))
      default: throw .system(path: url.absoluteString, reason: "the answer has status \(status)")
      }
    }
    return nil
  }

  /// Status, body, and the seconds to wait that the answer names, at most 30.
  private func answer(
    to request: URLRequest
  ) async throws(HarnessError) -> (status: Int, body: Data, wait: Int?) {
    let result: Result<(Int, Data, Int?), HarnessError> = await withCheckedContinuation { waiting in
      let task = session.dataTask(with: request) { data, response, error in
        if let response = response as? HTTPURLResponse, error == nil {
          let wait = response.value(forHTTPHeaderField: "Retry-After").flatMap { Int($0) }
          waiting.resume(
            returning: .success((response.statusCode, data ?? Data(), wait.map { min($0, 30) })))
        } else {
          let reason = error?.localizedDescription ?? "no answer"
          waiting.resume(
            returning: .failure(
              .system(path: request.url?.absoluteString ?? "server", reason: reason)))
        }
      }
      task.resume()
    }
    return try result.get()
  }
}

extension WebSource {
  /// Fetches the receipt of an answer to the submission `id`, and checks it.
  /// - Returns: nil where the server does not have it yet.
  /// - Throws: ``LedgerError`` where what the server says does not hold.
  public func receipt(of answer: LoggedAnswer, id: String) async throws -> Receipt? {
    guard let bytes = try await read("ledger/proof/\(answer.index)"),
      let keys = try await read("ledger/key")
    else { return nil }
    let receipt = try Receipt(bytes)
    try answer.verify(receipt, of: id, keys: VerifierKey.list(keys))
    return receipt
  }
}
