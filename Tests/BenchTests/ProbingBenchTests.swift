import Harness
import Testing
import invitro_bench

@Suite("Probing attacks")
struct ProbingBenchTests {
  @Test("random teams get no more sequences of answers than the bound allows")
  func bound() throws { try ProbingBench.run(["--mode", "bound"]) }

  @Test("an unknown mode or option and a missing number are refused")
  func usage() {
    for options in [["--mode", "all"], ["--gold", "3"], ["--golds"], ["--teams", "0"]] {
      #expect(throws: HarnessError.self) { try ProbingBench.run(options) }
    }
  }
}
