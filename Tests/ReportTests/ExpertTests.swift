// Tables of mixtures: what calibration saw of each expert has a column where there are experts.

import JSON
import Pipeline
import Report
import Solvers
import Studies
import Testing

/// A run of one Linear of attention and of an expert's Linear for each of these numbers of tokens.
private func run(_ tokens: [Int?]) throws -> RunReport {
  let linears = tokens.enumerated().map { i, tokens in
    """
    {"name": "linear.\(i)", "rows": 2, "columns": 64, "bits_per_weight": 4.0,
     "weight_error": 0.125, "calibration_error": 0.01, "held_out_error": 0.02,
     "activation_error": null, "clipped": 0.0, "scaled_input": false, "damping": 0.01,
     "damping_retries": 0, "dead_channels": 0\(tokens.map { ", \"expert_tokens\": \($0)" } ?? "")}
    """
  }
  return try RunReport(
    JSONValue(
      parsing: """
        {"method": "gptq", "calibration_tokens": 256, "held_out_tokens": 0, "seconds": 1.5,
         "bits_per_weight": 4.0, "linears": [\(linears.joined(separator: ","))]}
        """))
}

@Suite struct `The table of a run` {
  @Test func `has a column of tokens where there are experts`() throws {
    let lines = try run([nil, 0, 63, 64]).table.csv.split(separator: "\r\n")
    #expect(lines[0].hasSuffix(",dead,tokens"))
    #expect(
      lines[1...].map { $0.split(separator: ",", omittingEmptySubsequences: false).last }
        == ["", "0", "63", "64"])
  }

  @Test func `has none where there are no experts`() throws {
    let report = try run([nil, nil])
    #expect(try #require(report.table.csv.split(separator: "\r\n").first).hasSuffix(",dead"))
    #expect(!report.table.csv.contains("tokens"))
    #expect(!report.summary.contains("experts"))
  }

  @Test func `is summed up with the experts that saw too little`() throws {
    #expect(
      try run([nil, 0, 63, 64, 129]).summary.hasSuffix(
        """
        experts saw 0 tokens at least, 64 in the median; 2 Linears saw fewer than they have \
        inputs, and 1 none at all: linear.1, linear.2
        """))
    #expect(
      try run([nil, 64, 192]).summary.hasSuffix("0 Linears saw fewer than they have inputs"))
    #expect(
      try run([1, 2, 3, 4]).summary.hasSuffix("linear.0, linear.1, linear.2, …"))
  }

  @Test func `comes back from JSON with its experts`() throws {
    let report = try run([nil, 0, 63, 64])
    #expect(report.linears.map(\.expertTokens) == [nil, 0, 63, 64])
    #expect(report.linears.map(\.isUnderCalibrated) == [false, true, true, false])
    #expect(try RunReport(report.json).linears == report.linears)
    let members = try report.json.member("linears").array.map { try $0.object.names }
    #expect(!members[0].contains("expert_tokens") && members[1].contains("expert_tokens"))
  }
}

@Suite struct `The records of a comparison` {
  private func records(_ tokens: [Int?]) -> [Substring] {
    let linears = tokens.map {
      LinearComparison(
        name: "a", layer: 0, rows: 2, columns: 8,
        error: LinearError(weight: 0.1, calibration: 0.1, heldOut: nil), weightMSE: 1,
        clippedShare: 0, bitsPerWeight: 4, seconds: 1, expertTokens: $0)
    }
    let candidate = Candidate(method: "a", scheme: "w4", bits: 4, linears: linears)
    return report([candidate]).records.csv.split(separator: "\r\n")
  }

  @Test func `have a column of tokens where there are experts`() {
    #expect(records([nil, 0, 7])[0].hasSuffix(",seconds,tokens"))
    #expect(records([nil, 0, 7])[1].hasSuffix(",1.0,"))
    #expect(records([nil, 0, 7])[2].hasSuffix(",1.0,0"))
    #expect(records([nil, 0, 7])[3].hasSuffix(",1.0,7"))
    #expect(records([nil])[0].hasSuffix(",seconds"))
  }
}
