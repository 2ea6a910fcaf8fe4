internal import Quantizer
internal import Remedies

extension EngineRules {
  /// What no engine multiplies with 8-bit activations.
  static func integers(_ scheme: LinearScheme) -> Objection? {
    guard scheme.activations != nil else { return nil }
    let weights = scheme.weights
    if weights.bits != 8 {
      return Objection(
        reason: "multiplies 8-bit activations with 8-bit weights only, not \(weights.bits)",
        remedies: [.chooseBits([8])])
    }
    if !weights.isSymmetric {
      return Objection(
        reason: "multiplies 8-bit activations with symmetric weights only",
        remedies: [.useSymmetricWeights])
    }
    guard case .group(let size) = weights.granularity else { return nil }
    return Objection(
      reason: "multiplies 8-bit activations with one scale for each row or the whole matrix, not "
        + "for groups of \(size)", remedies: [.useWholeRows])
  }

  /// What is said of floats of 4 bits.
  static func floats(_ scheme: LinearScheme, inVLLM isVLLM: Bool) -> Objection? {
    if scheme.activations != nil {
      return Objection(
        reason:
          "would need another layout for floats of 4 bits beside rounded inputs, which is not written",
        remedies: [])
    }
    guard isVLLM else { return nil }
    return Objection(
      reason: "multiplies floats of 4 bits on GPUs only", remedies: [], isConditional: true)
  }

  static func packed(inVLLM scheme: LinearScheme) -> Objection? {
    guard scheme.activations == nil else { return nil }
    let bits = scheme.weights.bits
    if bits == 4 || bits == 8 {
      // On a CPU, groups of any even size were found to load.
      var objection = groups(inVLLM: scheme.weights)
      objection?.isConditional = true
      return objection
    }
    return Objection(
      reason:
        "loads \(bits) bits only with its Humming kernels; 4 and 8 bits load on other GPUs, 4 bits on a CPU too",
      remedies: [.chooseBits([4, 8])], isConditional: true)
  }

  static func packed(inTransformers scheme: LinearScheme) -> Objection? {
    guard scheme.activations == nil, !scheme.weights.isSymmetric else { return nil }
    return Objection(
      reason: "loads asymmetric weights only with CompressedTensorsConfig(dequantize=True); "
        + "symmetric ones load without it",
      remedies: [.useSymmetricWeights], isConditional: true)
  }
}
