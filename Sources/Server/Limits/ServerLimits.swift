/// How much of the server one client may take.
public struct ServerLimits: Sendable, Equatable {
  /// Of a request's body.
  public var bodyBytes = 8 << 20
  /// Of all header fields of a request together.
  public var headerBytes = 16 << 10
  /// Connections at once; more wait.
  public var connections = 1024
  /// Of them, from one address; it does not count behind a proxy, whose address all have.
  public var connectionsPerAddress = 128
  /// An answer must be taken after so long.
  public var answerSeconds = 60
  /// A connection without a byte for so long is closed.
  public var idleSeconds = 30
  /// A body must be here after so long.
  public var bodySeconds = 60
  /// Uploads of a token a minute; 0 for no limit.
  public var uploadsPerMinute = 60
  /// Requests of an address a second; 0 for no limit.
  public var requestsPerSecond = 50

  public init() {}
}
