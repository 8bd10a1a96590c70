import HTTPTypes

extension HTTPField.Name {
  static let idempotencyKey = mustBe("Idempotency-Key")
  static let forwardedFor = mustBe("X-Forwarded-For")
  fileprivate static let frameOptions = mustBe("X-Frame-Options")
  fileprivate static let referrerPolicy = mustBe("Referrer-Policy")
  fileprivate static let permissionsPolicy = mustBe("Permissions-Policy")
  fileprivate static let openerPolicy = mustBe("Cross-Origin-Opener-Policy")

  private static func mustBe(_ name: String) -> HTTPField.Name {
    guard let field = HTTPField.Name(name) else {
      preconditionFailure("\(name) is the name of a header field")
    }
    return field
  }
}

extension HTTPFields {
  /// Fields of every answer: nothing is run or loaded that is not ours, no page of ours is framed.
  ///
  /// Encryption is the reverse proxy's: it adds `Strict-Transport-Security`.
  static let security: HTTPFields = [
    .contentSecurityPolicy:
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
      + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    .xContentTypeOptions: "nosniff",
    .frameOptions: "DENY",
    .referrerPolicy: "no-referrer",
    .permissionsPolicy: "camera=(), geolocation=(), microphone=()",
    .openerPolicy: "same-origin",
  ]
}
