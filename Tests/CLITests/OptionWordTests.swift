// The words of options, and the options that spell the remedies of the library.

import Quantizer
import Remedies
import Solvers
import Testing

@testable import CLI

@Suite struct `The word of an observer` {
  @Test func `is the name that reports use`() {
    let observers: [Observer] = [
      .minMax, .movingAverage, .percentile(99.9), .percentile(99.99), .percentile(100),
      .squaredError, .entropy,
    ]
    for observer in observers { #expect(Observer(argument: observer.name) == observer) }
    #expect(Observer(argument: "percentile") == .percentile(99.99))
    #expect(Observer(argument: "percentile:99.9") == .percentile(99.9))
  }

  @Test(arguments: ["", "max", "percentile:", "percentile:0", "percentile:101", "percentile:nan"])
  func `is refused if no observer has it`(word: String) {
    #expect(Observer(argument: word) == nil)
  }
}

/// An error with some remedies.
private struct Trouble: RemediableError {
  let remedies: [Remedy]
  var description: String { "it does not fit" }
}

@Suite struct `The remedies of an error` {
  @Test func `are spelled as options, joined by or`() {
    func said(_ remedies: [Remedy]) -> String {
      SpelledError(Trouble(remedies: remedies), takesLists: false).description
    }
    #expect(said([]) == "it does not fit")
    #expect(said([.useSymmetricWeights]) == "it does not fit; use --symmetric")
    #expect(
      said([.giveCalibrationText, .chooseMethod("rtn")])
        == "it does not fit; give --calibration FILE, or use --method rtn")
  }

  @Test func `name the options of the command that failed`() {
    let remedies: [Remedy] = [
      .chooseBits([2, 3, 4, 8]), .chooseGroupSize([32, 64]), .useGroups([32, 64]), .useWholeRows,
      .chooseMethod("rtn"), .chooseFormat("awq"),
    ]
    #expect(
      remedies.map { $0.spelled(takesLists: false) } == [
        "use --bits 2, 3, 4 or 8", "use --group-size 32, 64 or channel",
        "use --group-size 32 or 64",
        "use --group-size channel", "use --method rtn", "use --format awq",
      ])
    #expect(
      remedies.map { $0.spelled(takesLists: true) } == [
        "use --bits 2, 3, 4 or 8", "use --group-sizes 32, 64 or channel",
        "use --group-sizes 32 or 64",
        "use --group-sizes channel", "use --methods rtn", "use --format awq",
      ])
  }
}
