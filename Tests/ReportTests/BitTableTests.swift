// The table of a search for bits.

import Pipeline
import Studies
import Testing

@testable import Report

private let report = BitSearchReport(
  budget: 3.5, choices: [3, 4], reference: 0, tokens: 1024,
  stages: [
    BitSearchReport.Stage(
      linears: ["a.q", "a.k", "a.v"], weights: 3000, bits: 12000, choice: 1,
      predictions: [0.5, 0.125]),
    BitSearchReport.Stage(
      linears: ["a.o"], weights: 1000, bits: 3000, choice: 0, predictions: [0.01, 0.002]),
  ], seconds: 4)

@Suite struct `The table of a search for bits` {
  @Test func `shows each stage with the choice and its alternatives`() {
    #expect(
      report.table.text == """
        stage    weights  bits    KL at 3    KL at 4
        -------  -------  ----  ---------  ---------
        a.q + 2    3 000     4  5.00e-01   1.25e-01*
        a.o        1 000     3  1.00e-02*  2.00e-03
        """)
  }

  @Test func `ends with the sum`() {
    #expect(report.averageBits == 3.75)
    #expect(
      report.summary
        == "3.750 bits per code of a budget of 3.5, chosen from 3, 4; predicted KL divergence "
        + "1.35e-01, from 1 024 tokens at 3 bits, 4.0 s")
  }
}
