// Inputs in floats of four bits. The fixtures were made by compressed-tensors 0.19.

import Checkpoint
import Formats
import Foundation
import JSON
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private let cases: [(CompressedTensorsType, ActivationQuantizer)] = [
  (.nvfp4, ActivationQuantizer(.nvfp4, divisor: 37.5)), (.mxfp4, ActivationQuantizer(.mxfp4)),
]

@Suite struct `Inputs in floats of four bits` {
  @Test(arguments: ["nvfp4-inputs", "mxfp4-inputs"])
  func `are rounded bit for bit as compressed-tensors rounds them`(name: String) throws {
    let root = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
    let folder = try ModelFolder(path: root.appendingPathComponent(name).path)
    let read = try folder.decodeLinear(LinearShape(name: "p", rows: 16, columns: 64))
    let activations = try #require(read.activations)
    #expect(activations.scheme == (name.hasPrefix("nv") ? .nvfp4 : .mxfp4))
    let x = try folder.matrix("x", rows: 6, columns: 64)
    #expect(activations.rounded(x) == (try folder.matrix("rounded", rows: 6, columns: 64)))
    guard name.hasPrefix("nv") else { return }
    // The package chooses the divisor from the range of the same inputs.
    let (low, high) = (x.elements.min() ?? 0, x.elements.max() ?? 0)
    #expect(activations == .nvfp4(covering: low...high))
  }

  @Test(arguments: cases)
  func `are read back identically`(
    type: CompressedTensorsType, activations: ActivationQuantizer
  ) throws {
    let format = CompressedTensorsFormat(type)
    let linear = LinearShape(name: "model.layers.0.up_proj", rows: 7, columns: 64)
    let weight = try quantized(linear, try #require(format.standardScheme), format)
    try TemporaryFolder.with { folder in
      let model = try folder.store(
        weight, linear, format, scales: .float32, activations: activations)
      let read = try model.decodeLinear(linear)
      #expect(read.weight == weight && read.activations == activations)
      let hasDivisor = model.tensor("\(linear.name).input_global_scale") != nil
      #expect(hasDivisor == (type == .nvfp4))
    }
  }

  @Test func `are stated as llm-compressor states NVFP4 and MXFP4`() throws {
    for (type, activations) in cases {
      let format = CompressedTensorsFormat(type)
      let scheme = LinearScheme(
        try #require(format.standardScheme), activations: activations.scheme)
      let stated = try format.configuration(of: scheme, provenance: nil).member("config_groups")
        .member("group_0").member("input_activations").value
      #expect(stated["num_bits"] == 4 && stated["type"] == "float")
      let isNV = type == .nvfp4
      #expect(stated["strategy"] == (isNV ? "tensor_group" : "group"))
      #expect(stated["group_size"] == (isNV ? 16 : 32))
      #expect(stated["dynamic"] == (isNV ? "local" : true))
      #expect(stated["scale_dtype"] == (isNV ? "torch.float8_e4m3fn" : "torch.uint8"))
    }
  }

  @Test func `are multiplied with weights in the same floats only`() throws {
    let linear = LinearShape(name: "p", rows: 64, columns: 128)
    for (type, activations) in cases {
      let format = CompressedTensorsFormat(type)
      let weights = try #require(format.standardScheme)
      let verdicts = EngineRules.verdicts(
        on: linear, LinearScheme(weights, activations: activations.scheme), in: format)
      #expect(verdicts.map { $0.objection == nil } == [false, true])
      #expect(verdicts.allSatisfy { !$0.isRefusal })
      let other: ActivationScheme = type == .nvfp4 ? .mxfp4 : .nvfp4
      let integers = try Scheme(bits: 4, symmetric: true, granularity: .group(128))
      for scheme in [
        LinearScheme(weights, activations: other),
        LinearScheme(weights, activations: ActivationScheme(floatsBy: .token)),
        LinearScheme(integers, activations: activations.scheme),
      ] {
        #expect(EngineRules.verdicts(on: linear, scheme, in: format).allSatisfy { $0.isRefusal })
      }
    }
  }

  @Test(arguments: [
    (Float(-1), "is -1.0; it must be positive"), (Float(0), "is 0.0; it must be positive"),
  ])
  func `need a positive divisor`(value: Float, words: String) throws {
    let format = CompressedTensorsFormat(.nvfp4)
    let linear = LinearShape(name: "p", rows: 2, columns: 32)
    let weight = try quantized(linear, try #require(format.standardScheme), format)
    let activations = ActivationQuantizer(.nvfp4, divisor: value)
    try TemporaryFolder.with { folder in
      let model = try folder.store(
        weight, linear, format, scales: .float32, activations: activations)
      expectFailure(words) { try model.decodeLinear(linear) }
    }
  }
}
