// The table of what engines accept, as of vLLM 0.33, transformers 5.23, gptqmodel 7.7
// and mlx-lm 0.32.
//
// An objection continues a sentence that starts with the name of the engine or of the format.

internal import Quantizer
internal import Remedies

/// What one engine objects to in one format.
struct EngineRule: Sendable {
  let engine: String
  /// The objection to a Linear in a scheme; nil when the engine loads it.
  let objection: @Sendable (LinearShape, LinearScheme) -> Objection?
}

/// Why a Linear is not loaded, and what would be.
struct Objection {
  let reason: String
  let remedies: [Remedy]
  /// Whether a setting or an extension of the engine overcomes it.
  var isConditional = false
}

extension EngineRules {
  /// The rules of each format, by the format's name.
  static let table: [String: [EngineRule]] = [
    "compressed-tensors": [
      EngineRule(engine: "vLLM") { linear, scheme in
        if CompressedTensorsType(scheme.weights) != nil {
          return floats(linear, scheme, inVLLM: true)
        }
        return levels(scheme) ?? integers(scheme) ?? packed(inVLLM: scheme)
      },
      EngineRule(engine: "transformers") { linear, scheme in
        if CompressedTensorsType(scheme.weights) != nil {
          return floats(linear, scheme, inVLLM: false)
        }
        return levels(scheme) ?? integers(scheme) ?? packed(inTransformers: scheme)
      },
    ],
    "gptq": [
      EngineRule(engine: "vLLM") { linear, scheme in
        gptq(linear, scheme) ?? gptq(inVLLM: scheme.weights)
      },
      EngineRule(engine: "transformers") { linear, scheme in gptq(linear, scheme) },
      EngineRule(engine: "gptqmodel") { linear, scheme in
        gptq(linear, scheme) ?? gptq(inGPTQModel: scheme.weights)
      },
    ],
    "awq": [
      EngineRule(engine: "vLLM") { linear, scheme in
        awq(linear, scheme) ?? awq(inVLLM: linear, scheme.weights)
      },
      EngineRule(engine: "transformers") { linear, scheme in awq(linear, scheme) },
    ],
    "mlx": [EngineRule(engine: "mlx-lm") { _, scheme in mlx(scheme) }],
    "bitsandbytes": [
      EngineRule(engine: "transformers") { _, scheme in bitsAndBytes(scheme) }
    ],
    "gguf": [EngineRule(engine: "llama.cpp") { _, scheme in gguf(scheme) }],
  ]

  /// What is not loaded of a mixture by those who keep its experts in one tensor: transformers 5.17 and 5.24 load
  /// symmetric weights of compressed-tensors only; mlx-lm 0.32 stacks what it reads, in some architectures the
  /// weights alone.
  static func experts(
    of modelType: String, _ scheme: LinearScheme, in format: any CheckpointFormat, by engine: String
  ) -> Objection? {
    if engine == "mlx-lm" {
      guard ["qwen3_moe", "ernie4_5_moe"].contains(modelType) else { return nil }
      return Objection(
        reason: "puts the weights of experts together in a \(modelType), but not their scales",
        remedies: [.chooseFormat("compressed-tensors")])
    }
    guard engine == "transformers" else { return nil }
    guard format.name == "compressed-tensors" else {
      return Objection(
        reason: "does not find quantized experts in this format, and gives them random weights",
        remedies: [.chooseFormat("compressed-tensors")])
    }
    if scheme.activations != nil {
      return Objection(reason: "does not load experts with rounded inputs", remedies: [])
    }
    if case .table = scheme.weights.points {
      return Objection(
        reason: "was not tried with experts in floats of 4 bits", remedies: [], isConditional: true)
    }
    guard !scheme.weights.isSymmetric else { return nil }
    return Objection(
      reason: "does not load experts with asymmetric weights", remedies: [.useSymmetricWeights])
  }

  /// Grids that none of these formats can store.
  static func levels(_ scheme: LinearScheme) -> Objection? {
    switch scheme.weights.points {
    case .symmetric, .zeroPoint: nil
    case .offset:
      Objection(
        reason: "the format stores integer zero points, not floating-point offsets",
        remedies: [.useIntegerGrid, .measureOnly])
    case .table(let table): levels(of: table)
    }
  }

  /// Levels that none of these formats can store.
  static func levels(of table: LevelTable) -> Objection {
    Objection(
      reason: "the format stores evenly spaced levels, not those of \(table.name)",
      remedies: [.useIntegerGrid, .measureOnly])
  }

  /// Formats that store weights only.
  static func weightsOnly(_ scheme: LinearScheme) -> Objection? {
    guard scheme.activations != nil else { return nil }
    return Objection(
      reason: "the format has no quantized activations",
      remedies: [.chooseFormat("compressed-tensors")])
  }

  /// Group sizes for which vLLM has no kernel.
  static func groups(inVLLM scheme: Scheme) -> Objection? {
    guard case .group(let size) = scheme.granularity, ![32, 64, 128].contains(size) else {
      return nil
    }
    return Objection(
      reason: "has kernels for groups of 32, 64 and 128 and for whole rows, not for groups of "
        + "\(size)", remedies: [.chooseGroupSize([32, 64, 128])])
  }
}
