// What the summary of a run says when something is lost altogether.

import JSON
import Pipeline
import Testing

@testable import Report

/// A run of Linears with given errors on calibration and held-out tokens, and numbers of lost rows.
private func run(
  _ linears: [(calibration: Double?, heldOut: Double?, lostRows: Int)], activation: Double? = nil,
  tokens: Int = 8, distinct: Int? = nil
) throws -> RunReport {
  let fields = linears.enumerated().map { i, linear in
    """
    {"name": "linear.\(i)", "rows": 64, "columns": 64, "bits_per_weight": 4.5, "weight_error": 0.01,
     "calibration_error": \(linear.calibration.map { "\($0)" } ?? "null"),
     "held_out_error": \(linear.heldOut.map { "\($0)" } ?? "null"), "lost_rows": \(linear.lostRows),
     "activation_error": \(activation.map { "\($0)" } ?? "null")}
    """
  }
  return try RunReport(
    JSONValue(
      parsing: """
        {"method": "gptq", "calibration_tokens": \(tokens), "held_out_tokens": 1, "seconds": 1,
         "distinct_calibration_tokens": \(distinct.map { "\($0)" } ?? "null"),
         "bits_per_weight": 4.5, "linears": [\(fields.joined(separator: ", "))]}
        """))
}

@Suite struct `The summary of a run` {
  @Test func `says nothing of losses where nothing is lost altogether`() throws {
    let summary = try run([(0.01, 0.02, 0), (nil, nil, 0), (0.6, 0.4, 0)]).summary
    #expect(!summary.contains("lost more") && !summary.contains("hardly"))
  }

  @Test func `says what the time was spent on, but for what took hardly any`() throws {
    var report = try run([(0.01, 0.02, 0)])
    #expect(report.summary.contains("1 held-out tokens, 1.0 s\n"))
    report.phases = [.solving: 0.3, .measuring: 0.61, .reading: 0.009, .writing: 0.011]
    #expect(
      report.summary.contains(", 1.0 s (0.6 s measuring, 0.3 s solving, 0.0 s writing)\n"))
  }

  @Test func `names the Linears that are ruined, by held-out tokens if there are any`() throws {
    let summary = try run([(0.1, 0.6, 0), (0.9, nil, 0), (0.01, 0.01, 0)]).summary
    #expect(summary.contains("2 Linears lost more than half of their output: linear.0, linear.1"))
  }

  @Test func `counts the rounding of inputs among what ruins a Linear`() throws {
    #expect(try run([(0.3, 0.3, 0)], activation: 0.3).summary.contains("Linears lost more"))
    #expect(!(try run([(0.3, 0.3, 0)], activation: 0.1).summary.contains("lost more")))
  }

  @Test func `says nothing of what is taken over, of which only the weights are known`() throws {
    let text = try run([(nil, nil, 0)]).json.text().replacing("0.01", with: "0.6")
    #expect(try RunReport(JSONValue(parsing: text)).summary.contains("lost more"))
    let taken = text.replacing("\"rows\"", with: "\"taken_over\":true,\"rows\"")
    #expect(try !RunReport(JSONValue(parsing: taken)).summary.contains("lost more"))
  }

  @Test(arguments: [
    (2048, 1, true), (2048, 127, true), (2048, 128, false), (9000, 255, true), (9000, 256, false),
    (8, 1, false), (2048, nil, false),
  ])
  func `says that the text repeats itself`(tokens: Int, distinct: Int?, repeats: Bool) throws {
    let summary = try run([(0.01, 0.02, 0)], tokens: tokens, distinct: distinct).summary
    #expect(summary.contains("repeats itself") == repeats)
  }

  @Test func `names the Linears with rows of which hardly anything is left`() throws {
    let summary = try run((0..<5).map { _ in (0.01, 0.02, 2) }).summary
    #expect(
      summary.hasSuffix(
        """
        hardly anything is left of 10 rows, whose weights may be too small for a scale: linear.0, \
        linear.1, linear.2, …
        """))
  }
}
