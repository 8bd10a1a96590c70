import Basics
import Hummingbird

import Synchronization

/// Counts for the operator, in Prometheus' text form. No name of a team, no id, no score.
final class ServerMetrics: Sendable {
  /// Upper bounds of the time classes, in seconds.
  private static let bounds = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10]

  private struct Key: Hashable {
    var route: String
    var status: Int
  }

  private struct Times {
    var classes = [Int](repeating: 0, count: ServerMetrics.bounds.count)
    var sum = 0.0
    var count = 0

    mutating func add(_ seconds: Double) {
      for index in bounds.indices where seconds <= bounds[index] { classes[index] += 1 }
      sum += seconds
      count += 1
    }
  }

  private struct State {
    var requests: [Key: Int] = [:]
    var times: [String: Times] = [:]
    var builds = 0, failedBuilds = 0
  }

  private let state = Mutex(State())
  private let started = ContinuousClock.now

  func answered(_ route: String, status: Int, after time: Duration) {
    let seconds = time / .seconds(1)
    state.withLock { state in
      state.requests[Key(route: route, status: status), default: 0] += 1
      state.times[route, default: Times()].add(seconds)
    }
  }

  func built(_ succeeded: Bool) {
    state.withLock { state in
      state.builds += 1
      if !succeeded { state.failedBuilds += 1 }
    }
  }

  /// - Parameters:
  ///   - accounts: of boards with hidden labels.
  ///   - deliveries: to webhooks, by state.
  func text(
    teams: Int, waiting: Int, accounts: [LabelAccount],
    deliveries: [(state: WebhookDelivery.State, count: Int)]
  ) -> String {
    let state = state.withLock { $0 }
    var out = ""
    func head(_ name: String, _ type: String, _ help: String) {
      out += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }
    func single(_ name: String, _ type: String, _ help: String, _ value: any Numeric) {
      head("invitro_\(name)", type, help)
      out += "invitro_\(name) \(value)\n"
    }
    head("invitro_requests_total", "counter", "Answered requests.")
    let requests = state.requests.sorted {
      ($0.key.route, $0.key.status) < ($1.key.route, $1.key.status)
    }
    for (key, count) in requests {
      out += "invitro_requests_total{route=\"\(key.route)\",status=\"\(key.status)\"} \(count)\n"
    }
    head("invitro_request_seconds", "histogram", "Time from a request's head to its answer.")
    for (route, times) in state.times.sorted(by: { $0.key < $1.key }) {
      for (bound, count) in zip(Self.bounds, times.classes) {
        out += "invitro_request_seconds_bucket{route=\"\(route)\",le=\"\(bound)\"} \(count)\n"
      }
      out += "invitro_request_seconds_bucket{route=\"\(route)\",le=\"+Inf\"} \(times.count)\n"
      out += "invitro_request_seconds_sum{route=\"\(route)\"} \(times.sum)\n"
      out += "invitro_request_seconds_count{route=\"\(route)\"} \(times.count)\n"
    }
    let uptime = (ContinuousClock.now - started) / .seconds(1)
    single(
      "site_builds_total", "counter", "Builds of the site, failed ones included.", state.builds)
    let failed = state.failedBuilds
    single("site_builds_failed_total", "counter", "Builds of the site that failed.", failed)
    single("teams", "gauge", "Teams, revoked ones included.", teams)
    single("waiting_submissions", "gauge", "Accepted submissions without a score yet.", waiting)
    let figures: [(String, String, KeyPath<LabelAccount, Double>)] = [
      ("entropy", "Bits that hidden labels hold.", \.entropy),
      ("told", "Bits that they have told at most.", \.told),
      ("promised", "Bits that teams may be told in the open phase at most.", \.promised),
      ("budget", "Bits that may be told without a reason.", \.budget),
    ]
    for (name, help, path) in figures where !accounts.isEmpty {
      head("invitro_label_bits_\(name)", "gauge", help)
      for account in accounts {
        out +=
          "invitro_label_bits_\(name){board=\"\(account.benchmark)/\(account.split)\"} "
          + "\(Rounding.text(account[keyPath: path], decimals: 1))\n"
      }
    }
    head("invitro_webhook_deliveries", "gauge", "Deliveries to webhooks.")
    for (state, count) in deliveries {
      out += "invitro_webhook_deliveries{state=\"\(state)\"} \(count)\n"
    }
    single("uptime_seconds", "gauge", "Seconds since the server started.", uptime)
    return out
  }
}

/// Counts every request and the time until its answer.
struct MetricsMiddleware: RouterMiddleware {
  let metrics: ServerMetrics

  func handle(_ request: Request, context: ServerContext, next: Next) async throws -> Response {
    let started = ContinuousClock.now
    let response = try await next(request, context)
    let route = Self.label(context.endpointPath, request.uri.path)
    metrics.answered(route, status: response.status.code, after: ContinuousClock.now - started)
    return response
  }

  /// A route's name, without an id in it.
  private static func label(_ endpoint: String?, _ path: String) -> String {
    let prefix = "/api/v1/"
    if let endpoint, endpoint.hasPrefix(prefix) {
      let name = endpoint.dropFirst(prefix.count)
      return name.hasPrefix("submissions/") ? "submission" : String(name.prefix { $0 != "." })
    }
    return path == "/api" || path.hasPrefix("/api/") ? "unknown" : "site"
  }
}
