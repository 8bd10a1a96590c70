import ArgumentParser

struct DataCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Bring data into the data home and inspect it.",
    discussion: HelpText.reflow(
      """
        Synthetic, nothing to download:  invitro data sample
        An open set (CC BY 4.0):         invitro data fetch newsemp18
        The organisers' files:           invitro data import newsemp24 --from DIR

      NewsEmp22, 23 and 24 may be used for research but not redistributed. Keep the data home on
      this machine; its files can be read by their owner only.
      """),
    subcommands: [
      DataImportCommand.self, DataFetchCommand.self, DataSampleCommand.self,
      DataStatsCommand.self, DataCheckCommand.self, DataRepairCommand.self,
    ])
}
