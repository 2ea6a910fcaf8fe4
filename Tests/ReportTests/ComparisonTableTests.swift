// The tables of a comparison, made from figures that can be checked by hand.

import Pipeline
import Solvers
import Studies
import Testing

@testable import Report

// Two blocks of two Linears. Ranks of rtn: 2, 2, 1.5, 1; of gptq: 1, 1, 1.5, 2. At w3 gptq is alone.
private let two = report([
  candidate("rtn", errors: [0.004, 0.002, 0.001, 0.001], perplexity: 18.25),
  candidate("gptq", errors: [0.001, 0.001, 0.001, 0.002], perplexity: 17.5),
  candidate("gptq", "w3 g64", errors: [0.01, 0.01, 0.01, 0.03]),
])

@Suite struct `The tables of a comparison` {
  @Test func `have one total for each candidate`() {
    #expect(
      two.totals.text == """
        method  scheme  bits/weight  output error %  held-out %   rank  SNR dB  weight MSE  worst row %  clipped %  seconds  perplexity
        ------  ------  -----------  --------------  ----------  -----  ------  ----------  -----------  ---------  -------  ----------
        rtn     w4 g64         4.25          0.100       0.200   1.62      6.0    1.50e-05         50.0      0.100      1.0     18.250
        gptq    w4 g64         4.25         0.0625*      0.125*  1.38*     6.0    1.50e-05         50.0      0.100      1.0     17.500*
        gptq    w3 g64         4.25          0.750        1.50      -      6.0    1.50e-05         50.0      0.100      1.0          -
        """)
  }

  @Test func `show the dense model where its perplexity is known`() {
    var lines = report([candidate("rtn", errors: [0.5])], dense: 17).totals.csv.split(
      separator: "\r\n")
    #expect(lines.removeFirst().hasSuffix(",seconds,perplexity"))
    #expect(lines.first == "dense,,,,,,,,,,17.0")
    #expect(lines.last?.hasSuffix(",0.25,") == true)
  }

  @Test func `mark the best of a scheme in each kind of Linear`() {
    #expect(
      two.byModule.text == """
        method  scheme  q_proj  up_proj
        ------  ------  ------  -------
        rtn     w4 g64  0.250     0.150
        gptq    w4 g64  0.100*    0.150
        gptq    w3 g64   1.00      2.00
        """)
  }

  @Test func `list every Linear`() {
    #expect(
      two.byLinear.markdown == """
        | Linear | shape | rtn w4 g64 | gptq w4 g64 | gptq w3 g64 |
        | :-- | --: | --: | --: | --: |
        | model.layers.0.self_attn.q_proj | 2 x 8 | 0.400 | **0.100** | 1.00 |
        | model.layers.0.mlp.up_proj | 2 x 8 | 0.200 | **0.100** | 1.00 |
        | model.layers.1.self_attn.q_proj | 2 x 8 | 0.100 | 0.100 | 1.00 |
        | model.layers.1.mlp.up_proj | 2 x 8 | **0.100** | 0.200 | 3.00 |

        """)
  }

  @Test func `rank rivals block by block, and leave out what has no rival`() {
    #expect(
      two.ranking.csv.replacing("\r\n", with: "\n") == """
        block,scheme,best,rtn,gptq
        all,w4 g64,gptq,1.625,1.375
        0,w4 g64,gptq,2.0,1.0
        1,w4 g64,rtn,1.25,1.75

        """)
    #expect(report([candidate("rtn", errors: [0.5])]).ranking.isEmpty)
  }

  @Test func `break a tie of ranks by the error`() {
    let tie = report([
      candidate("a", errors: [0.4, 0.1]), candidate("b", errors: [0.1, 0.3]),
    ])
    #expect(tie.ranking.csv.contains("\r\n0,w4 g64,b,1.5,1.5\r\n"))
  }

  @Test func `name no winner where all are equal`() {
    for error in [0.5, 0, .nan] {
      let equals = report([candidate("a", errors: [error]), candidate("b", errors: [error])])
      #expect(equals.ranking.csv.contains("\r\n0,w4 g64,,1.5,1.5\r\n"))
    }
  }

  @Test func `count inputs that are not rounded as no loss`() {
    let linears = [0.5, nil].map { activation in
      linear("a", layer: 0, calibration: 0.1, heldOut: 0.1, activation: activation)
    }
    let mixed = Candidate(method: "a", scheme: "w8a8", bits: 8, linears: linears)
    #expect(CandidateTotals(mixed).activation == 0.25)
    #expect(CandidateTotals(candidate("a", errors: [0.1])).activation == nil)
  }

  @Test func `average bits over weights, and errors over Linears`() {
    let linears = [(1, 4.0, 0.1), (3, 8.0, 0.3)].map { rows, bits, error in
      LinearComparison(
        name: "a", layer: nil, rows: rows, columns: 8,
        error: LinearError(weight: 0.1, calibration: error, heldOut: nil), weightMSE: 1,
        clippedShare: 0, bitsPerWeight: bits, seconds: 1)
    }
    let totals = CandidateTotals(
      Candidate(method: "a", scheme: "w", bits: 4, linears: linears))
    #expect(totals.bitsPerWeight == 7)
    #expect(totals.calibration == 0.2)
    #expect(totals.heldOut == nil && totals.worstRow == nil)
    #expect(totals.decibels == 10)
    #expect(totals.seconds == 2)
  }

  @Test func `without candidates are empty`() {
    #expect(report([]).totals.isEmpty)
    #expect(report([]).byLinear.isEmpty)
    #expect(report([candidate("rtn", errors: [])]).totals.csv.contains("rtn,w4 g64,0.0\r\n"))
  }
}

@Suite struct `Candidates of one scheme` {
  @Test func `are judged by the best error that all of them have`() {
    func judge(_ calibration: Double?, _ heldOut: Double?) -> Judge {
      let linears = [
        linear("a", layer: 0, calibration: 0.5, heldOut: 0.25),
        linear("b", layer: 0, weight: 0.75, calibration: calibration, heldOut: heldOut),
      ]
      return Standings(
        report([Candidate(method: "a", scheme: "w", bits: 4, linears: linears)])
      ).judge
    }
    #expect(judge(0.5, 0.25) == .heldOut)
    #expect(judge(0.5, nil) == .calibration)
    #expect(judge(nil, nil) == .weight)
  }

  @Test func `are judged with what rounding the inputs adds`() {
    let one = linear("a", layer: 0, calibration: 0.5, heldOut: 0.25, activation: 0.5)
    let standings = Standings(
      report([Candidate(method: "a", scheme: "w8a8", bits: 8, linears: [one])]))
    #expect(standings.errors == [[0.75]])
  }

  @Test func `rank what is not a number last, and mark no winner where all are equal`() {
    let standings = Standings(
      report([
        candidate("a", errors: [.nan, 0]), candidate("b", errors: [.infinity, 0]),
        candidate("c", errors: [0.5, 0]),
      ]))
    #expect(standings.ranks == [[2.5, 2], [2.5, 2], [1, 2]])
    #expect(standings.least(of: [.nan, .infinity, 0.5]) == [2])
    #expect(standings.least(of: [0, 0, 0]) == [])
    #expect(standings.least(of: [nil, nil, nil]) == [])
  }

  @Test func `of the same name are told apart by a number`() {
    let standings = Standings(
      report([
        candidate("a", errors: [1]), candidate("a", errors: [1]), candidate("a", "w3", errors: [1]),
      ]))
    #expect(standings.names == ["a", "a (2)", "a"])
    #expect(standings.methods.map(\.members) == [[0, 2], [1]])
  }
}
