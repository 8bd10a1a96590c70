import Foundation
import TestSupport
import Testing

/// A certificate authority that nobody else trusts, made by the openssl command.
struct TestAuthority {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try openssl(
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key "
        + "-out ca.pem -days 30 -subj /CN=Test")
  }

  /// Its own certificate, for clients.
  var root: URL { folder.file("ca.pem") }

  enum KeyKind: String {
    case ecdsa = "ec -pkeyopt ec_paramgen_curve:prime256v1"
    case rsa = "rsa:2048"
  }

  /// Writes a certificate for localhost and its key, which replace those that are there.
  func issue(_ certificate: URL, key: URL, days: Int = 90, kind: KeyKind = .ecdsa) throws {
    try folder.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n", to: "names")
    try openssl(
      "req -newkey \(kind.rawValue) -nodes -keyout key.pem -out request.pem -subj /CN=localhost")
    try openssl(
      "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days \(days) "
        + "-extfile names -out certificate.pem")
    for (made, place) in [("certificate.pem", certificate), ("key.pem", key)] {
      try Data(contentsOf: folder.file(made)).write(to: place)
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: place.path)
    }
  }

  /// Runs openssl in the authority's folder.
  func openssl(_ arguments: String) throws {
    let outcome = try Shell.run("openssl \(arguments)", in: folder.url)
    try #require(outcome.status == 0, "\(outcome.text)")
  }
}

/// A command of the shell, and all that it printed.
enum Shell {
  static func run(_ command: String, in folder: URL) throws -> (status: Int32, text: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-c", "\(command) 2>&1"]
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    let out = Pipe()
    process.standardOutput = out
    try process.run()
    let text = try out.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: text, as: UTF8.self))
  }
}
