import HTTPTypes

/// The addresses of the server.
enum Route: Hashable, Sendable {
  case submissions
  case submission(id: String)
  case leaderboard
  case benchmarks
  case health
  case metrics
  case openAPI
  case unknown
  case site

  init(_ path: String) {
    guard path.hasPrefix("/api/") else {
      self = path == "/api" ? .unknown : .site
      return
    }
    switch path {
    case "/api/v1/submissions": self = .submissions
    case "/api/v1/leaderboard": self = .leaderboard
    case "/api/v1/benchmarks": self = .benchmarks
    case "/api/v1/healthz": self = .health
    case "/api/v1/metrics": self = .metrics
    case "/api/v1/openapi.json": self = .openAPI
    default:
      let prefix = "/api/v1/submissions/"
      let id = path.dropFirst(prefix.count)
      let isID = path.hasPrefix(prefix) && !id.isEmpty && !id.contains("/")
      self = isID ? .submission(id: String(id)) : .unknown
    }
  }

  var methods: [HTTPRequest.Method] {
    self == .submissions ? [.get, .head, .post] : [.get, .head]
  }

  /// For the operator's numbers: no id in it.
  var label: String {
    switch self {
    case .submissions: "submissions"
    case .submission: "submission"
    case .leaderboard: "leaderboard"
    case .benchmarks: "benchmarks"
    case .health: "healthz"
    case .metrics: "metrics"
    case .openAPI: "openapi"
    case .unknown: "unknown"
    case .site: "site"
    }
  }
}
