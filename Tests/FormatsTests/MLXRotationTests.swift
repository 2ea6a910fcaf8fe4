import Formats
import JSON
import Testing

@Suite struct `A configuration for mlx-lm` {
  @Test func `has the base of the rotation at the top`() throws {
    let plain: JSONValue = ["rope_parameters": ["rope_theta": 100000.0, "rope_type": "default"]]
    let restated = try MLXFormat().restated(plain)
    #expect(restated["rope_theta"] == 100000.0)
    #expect(restated["rope_scaling"] == nil)
    #expect(restated["rope_parameters"] == plain["rope_parameters"])
  }

  @Test(arguments: [nil, JSONValue.null])
  func `has there how it is stretched`(stated: JSONValue?) throws {
    var whole: JSONValue = [
      "rope_parameters": ["rope_theta": 500000.0, "rope_type": "llama3", "factor": 8.0]
    ]
    if let stated { try whole.setMember("rope_scaling", to: stated) }
    let restated = try MLXFormat().restated(whole)
    #expect(restated["rope_theta"] == 500000.0)
    #expect(restated["rope_scaling"] == ["rope_type": "llama3", "factor": 8.0])
  }

  @Test func `keeps what is there`() throws {
    let old: JSONValue = [
      "rope_theta": 10000.0, "rope_scaling": ["type": "linear", "factor": 2.0],
    ]
    #expect(try MLXFormat().restated(old) == old)
    let byLayer: JSONValue = ["rope_parameters": ["full_attention": ["rope_theta": 1e6]]]
    #expect(try MLXFormat().restated(byLayer) == byLayer)
  }
}
