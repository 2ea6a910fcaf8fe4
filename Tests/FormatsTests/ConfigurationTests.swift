import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private func scheme(
  _ bits: Int, symmetric: Bool = true, _ granularity: Scheme.Granularity = .group(64)
) throws -> Scheme {
  try Scheme(bits: bits, symmetric: symmetric, granularity: granularity)
}

@Suite struct `The quantization_config` {
  @Test(arguments: Scheme.every(bits: [2, 3, 4, 8], [.tensor, .channel, .group(128)]))
  func `of GPTQ has the keys that engines require`(scheme: Scheme) throws {
    let format = GPTQFormat()
    let config = format.configuration(of: LinearScheme(scheme), provenance: ["tool": "ptq"])
    #expect(try config.member("quant_method").string == "gptq")
    #expect(try config.member("bits").int == scheme.bits)
    #expect(try config.member("sym").bool == scheme.isSymmetric)
    #expect(
      try config.member("group_size").int == (scheme.granularity == .group(128) ? 128 : -1))
    #expect(try config.member("desc_act").bool == false)
    #expect(try config.member("checkpoint_format").string == "gptq")
    #expect(try config.member("lm_head").bool == false)
    #expect(try config.member("pack_dtype").string == "int32")
    #expect(try config.member("meta").member("tool").string == "ptq")
    // transformers refuses a file with this key.
    #expect(config["is_marlin_format"] == nil)
    #expect(format.configurationFile == "quantize_config.json")
  }

  @Test(arguments: Scheme.every([.tensor, .channel, .group(32)]))
  func `of compressed-tensors has only keys that its validator knows`(scheme: Scheme) throws {
    let format = CompressedTensorsFormat()
    let config = format.configuration(of: LinearScheme(scheme), provenance: ["tool": "ptq"])
    #expect(try config.member("quant_method").string == "compressed-tensors")
    #expect(try config.member("format").string == "pack-quantized")
    #expect(try config.member("quantization_status").string == "compressed")
    #expect(try config.member("ignore").strings == ["lm_head"])
    let group = try config.member("config_groups").member("group_0")
    #expect(try group.member("targets").strings == ["Linear"])
    let weights = try group.member("weights")
    let isGrouped = scheme.granularity == .group(32)
    #expect(try weights.member("num_bits").int == scheme.bits)
    #expect(try weights.member("type").string == "int")
    #expect(try weights.member("symmetric").bool == scheme.isSymmetric)
    #expect(try weights.member("strategy").string == (isGrouped ? "group" : "channel"))
    #expect(try weights.optionalMember("group_size")?.int == (isGrouped ? 32 : nil))
    #expect(try weights.optionalMember("actorder") == nil)
    #expect(try weights.member("dynamic").bool == false)
    // At these two levels the validator refuses unknown keys.
    let known = Set([
      "num_bits", "type", "symmetric", "group_size", "strategy", "block_structure", "dynamic",
      "actorder", "scale_dtype", "zp_dtype", "observer", "observer_kwargs",
    ])
    #expect(Set(try weights.object.names).isSubset(of: known))
    let levels = Set(["targets", "weights", "input_activations", "output_activations", "format"])
    #expect(Set(try group.object.names).isSubset(of: levels))
    #expect(format.configurationFile == nil)
  }

  @Test(arguments: [Scheme.Granularity.channel, .group(64)])
  func `of AWQ has the keys that engines require`(granularity: Scheme.Granularity) throws {
    let config = AWQFormat().configuration(
      of: LinearScheme(try scheme(4, granularity)), provenance: ["tool": "ptq"])
    #expect(try config.member("quant_method").string == "awq")
    #expect(try config.member("bits").int == 4)
    #expect(try config.member("group_size").int == (granularity == .channel ? -1 : 64))
    // A symmetric grid is stored as one with the zero point 8.
    #expect(try config.member("zero_point").bool)
    #expect(try config.member("version").string == "gemm")
    #expect(config["modules_to_not_convert"] == .null)
    #expect(try config.member("meta").member("tool").string == "ptq")
  }

  @Test(arguments: [true, false], [ActivationScheme.Granularity.token, .tensor])
  func `of int8 describes inputs in the terms of compressed-tensors`(
    symmetric: Bool, granularity: ActivationScheme.Granularity
  ) throws {
    let inputs = ActivationScheme(granularity: granularity, symmetric: symmetric)
    for (weights, strategy) in [(Scheme.Granularity.channel, "channel"), (.tensor, "tensor")] {
      let config = CompressedTensorsFormat().configuration(
        of: LinearScheme(try scheme(8, weights), activations: inputs), provenance: nil)
      #expect(try config.member("format").string == "int-quantized")
      let group = try config.member("config_groups").member("group_0")
      #expect(try group.member("format").string == "int-quantized")
      #expect(try group.member("weights").member("strategy").string == strategy)
      #expect(try group.member("weights").member("num_bits").int == 8)
      let input = try group.member("input_activations")
      #expect(try input.member("num_bits").int == 8)
      #expect(try input.member("symmetric").bool == symmetric)
      #expect(try input.member("dynamic").bool == (granularity == .token))
      #expect(try input.member("strategy").string == "\(granularity)")
    }
  }

  @Test func `names the Linears that stay in floating point`() throws {
    let linear = LinearScheme(try scheme(4))
    let (q, down) = ("model.layers.0.self_attn.q_proj", "model.layers.0.mlp.down_proj")
    let selection = try #require(LinearSelection(quantized: [q], dense: [down]))
    func configuration(_ format: any CheckpointFormat) -> JSONValue {
      format.configuration(of: linear, leaving: selection, provenance: nil)
    }
    #expect(
      try configuration(CompressedTensorsFormat()).member("ignore").strings == [down, "lm_head"])
    #expect(
      try configuration(AWQFormat()).member("modules_to_not_convert").strings == [down, "lm_head"])
    let gptq = configuration(GPTQFormat())
    #expect(gptq["modules_in_block_to_quantize"] == [[.string(q)]])
    #expect(gptq["dynamic"] == [#"-:^model\.layers\.0\.mlp\.down_proj$"#: [:]])
    // Without such Linears the lists are left out.
    #expect(LinearSelection(quantized: [q], dense: []) == nil)
    let whole = GPTQFormat().configuration(of: linear, provenance: nil)
    #expect(whole["dynamic"] == nil && whole["modules_in_block_to_quantize"] == nil)
  }

  @Test func `identifies the format of a folder`() throws {
    try TemporaryFolder.with { folder in
      for format in CheckpointFormats.all {
        let config: JSONValue = [
          "quantization_config": format.configuration(
            of: LinearScheme(try scheme(4)), provenance: nil)
        ]
        let model = try folder.open([], config: config.text())
        #expect(try CheckpointFormats.all.format(of: model)?.name == format.name)
      }
      for plain in ["{}", #"{"quantization_config": null}"#] {
        let model = try folder.open([], config: plain)
        #expect(try CheckpointFormats.all.format(of: model) == nil)
      }
    }
  }

  @Test(arguments: [#"{"quant_method": "hqq"}"#, "{}", "[]", "4", #"{"quant_method": 3}"#])
  func `of an unknown method is an error that names the method`(configuration: String) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open([], config: #"{"quantization_config": \#(configuration)}"#)
      let method = configuration.contains("hqq") ? "hqq" : "quant_method"
      expectFailure(method, "compressed-tensors, gptq, awq, mlx") {
        try CheckpointFormats.all.format(of: model)
      }
    }
  }

  @Test func `scales have the type of the weights, or the only type of the format`() {
    for weights in FloatFormat.allCases {
      #expect(CompressedTensorsFormat().scaleFormat(for: weights) == weights)
      #expect(GPTQFormat().scaleFormat(for: weights) == .float16)
      #expect(AWQFormat().scaleFormat(for: weights) == .float16)
    }
    #expect(CompressedTensorsFormat().smallestZeroPoint == 0)
    #expect(GPTQFormat().smallestZeroPoint == 1)
    #expect(AWQFormat().smallestZeroPoint == 0)
  }
}
