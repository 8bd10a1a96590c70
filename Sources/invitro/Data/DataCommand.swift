import ArgumentParser

struct DataCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Get data into the data home, and look at it.",
    discussion: HelpText.reflow(
      """
        With nothing downloaded:        invitro data sample
        The open set (CC BY 4.0):       invitro data fetch newsemp18
        The organisers' files:          invitro data import newsemp24 --from DIR

      NewsEmp22, 23 and 24 may be used for research and not redistributed: the data home is for
      this machine alone, and its files are readable by their owner only.
      """),
    subcommands: [
      DataImportCommand.self, DataFetchCommand.self, DataSampleCommand.self,
      DataStatsCommand.self, DataCheckCommand.self, DataRepairCommand.self,
    ])
}
