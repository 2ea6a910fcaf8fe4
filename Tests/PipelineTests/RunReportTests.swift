// The report of a run, as it is kept in the output folder.

import JSON
import Pipeline
import Solvers
import Testing

private let text = """
  {
    "method": "gptq", "calibration_tokens": 1024, "held_out_tokens": 128,
    "distinct_calibration_tokens": 300, "seconds": 1.5,
    "bits_per_weight": 5.0,
    "linears": [
      {"name": "a", "rows": 2, "columns": 3, "bits_per_weight": 4.0, "weight_error": 0.125,
       "calibration_error": 1e-05, "held_out_error": 0.25, "activation_error": 0.125,
       "model_output_error": 0.75, "first_position_error": 0.375,
       "clipped": 0.125, "lost_rows": 1, "scaled_input": true, "damping": 0.01,
       "damping_retries": 2, "dead_channels": 1},
      {"name": "b", "rows": 1, "columns": 3, "bits_per_weight": 7.0, "weight_error": 0.0,
       "calibration_error": null, "held_out_error": null, "activation_error": null,
       "model_output_error": null, "first_position_error": null,
       "clipped": 0.0, "lost_rows": 0, "scaled_input": false, "damping": null,
       "damping_retries": null, "dead_channels": null}
    ]
  }
  """

@Suite struct `A report` {
  @Test func `is read as it was written`() throws {
    let report = try RunReport(JSONValue(parsing: text))
    #expect(report.method == "gptq")
    #expect(report.calibrationTokens == 1024 && report.heldOutTokens == 128)
    #expect(report.distinctTokens == 300 && report.seconds == 1.5)
    try #require(report.linears.count == 2)
    let (a, b) = (report.linears[0], report.linears[1])
    #expect(a.name == "a" && a.rows == 2 && a.columns == 3 && a.bitsPerWeight == 4)
    #expect(
      a.error
        == LinearError(
          weight: 0.125, calibration: 1e-5, heldOut: 0.25, activation: 0.125, stream: 0.75,
          first: 0.375))
    #expect(a.clippedShare == 0.125 && a.hasScaledInput && !b.hasScaledInput)
    #expect(a.lostRows == 1 && b.lostRows == 0 && !a.isRuined)
    #expect(a.conditioning == Conditioning(damping: 0.01, retries: 2, deadChannels: 1))
    #expect(b.error == LinearError(weight: 0, calibration: nil, heldOut: nil))
    #expect(b.conditioning == nil)
    #expect(report.json == (try JSONValue(parsing: text)))
    #expect(try RunReport(report.json).linears == report.linears)
  }

  @Test func `counts bits by the weights that have them`() throws {
    // 6 weights of 4 bits and 3 of 7.
    #expect(try RunReport(JSONValue(parsing: text)).bitsPerWeight == 5)
    var empty = try JSONValue(parsing: text)
    try empty.setMember("linears", to: [])
    #expect(try RunReport(empty).bitsPerWeight == 0)
  }

  @Test(arguments: ["method", "calibration_tokens", "held_out_tokens", "linears"])
  func `that lacks something is an error that names it`(name: String) throws {
    var json = try JSONValue(parsing: text)
    try json.removeMember(name)
    let error = #expect(throws: JSONError.self) { try RunReport(json) }
    #expect(error == .missingMember(path: name))
  }

  @Test(arguments: ["name", "rows", "columns", "bits_per_weight", "weight_error"])
  func `whose Linear lacks something is an error that names it`(name: String) throws {
    var json = try JSONValue(parsing: text)
    var linear = try json.member("linears").array[0].value
    try linear.removeMember(name)
    try json.setMember("linears", to: [linear])
    #expect(throws: JSONError.self) { try RunReport(json) }
  }
}
