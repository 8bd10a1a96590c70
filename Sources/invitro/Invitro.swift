import ArgumentParser

@main
struct Invitro: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "invitro",
    abstract: "Score predictions of empathy from text, and keep a leaderboard of them.",
    version: "0.1.0")
}
