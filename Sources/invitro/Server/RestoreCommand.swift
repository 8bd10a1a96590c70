import ArgumentParser
import Foundation
import Harness
import Server

struct RestoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Put a backup in the place of the server's database.",
    discussion: """
      Stop the server first. The backup is checked and compared with the ledger
      in the data home. Where events were signed after it was made, they are
      counted, and --accept-loss and a reason are needed: a new ledger begins,
      whose first event tells the reason (`invitro ledger continue`).

      The database that was there stays in the data home as
      server-replaced-TIME.sqlite. Keys beside the backup (`backup --with-keys`)
      are taken where the data home has none. Without its ledger.key and
      release.key a database cannot go on as the same leaderboard.
      """)

  @Argument(help: "The backup.", completion: .file()) var file: String
  @Option(help: .value("reason", "Why events that the backup lacks may be lost; published."))
  var acceptLoss: String?
  @OptionGroup var data: DataOptions

  func run() throws {
    let source = try existing(file, hint: "It is made by `invitro backup`.")
    let restoration = try Restoration(of: source, to: data.home)
    let copy = restoration.copy
    let outcome = try restoration.commit(acceptingLoss: acceptLoss)
    if let loss = restoration.loss { Console.message(loss.text) }
    if let replaced = outcome.replaced {
      Console.message("The database that was there is now \(replaced.relativePath).")
    }
    for name in outcome.restoredKeys { Console.message("\(name) was restored, too.") }
    for name in outcome.missingKeys {
      Console.message(
        "warning: there is no \(name) in the data home, nor beside the backup. Put it into "
          + "\(data.home.url.relativePath) before the server starts, or it makes another one.")
    }
    if let name = outcome.newLedger { Console.message("A new ledger begins: \(name).") }
    Console.print(
      "\(data.home.submissionStoreURL.relativePath): \(copy.submissions) submissions, \(copy.events) "
        + "events of the ledger")
  }
}
