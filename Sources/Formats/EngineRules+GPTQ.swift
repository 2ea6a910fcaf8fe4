internal import Quantizer
internal import Remedies

extension EngineRules {
  /// What no reader of the format accepts.
  static func gptq(_ linear: LinearShape, _ scheme: LinearScheme) -> Objection? {
    if let objection = levels(scheme) ?? weightsOnly(scheme) { return objection }
    let bits = scheme.weights.bits
    guard [2, 3, 4, 8].contains(bits) else {
      return Objection(
        reason: "the format has no \(bits) bits",
        remedies: [.chooseBits([2, 3, 4, 8]), .chooseFormat("compressed-tensors")])
    }
    for (side, length) in [("input", linear.columns), ("output", linear.rows)]
    where length * bits % 32 != 0 {
      return Objection(
        reason: "\(linear.name): the \(side) width \(length) does not fill 32-bit words "
          + "at \(bits) bits", remedies: [.chooseFormat("compressed-tensors")])
    }
    return nil
  }

  static func gptq(inVLLM scheme: Scheme) -> Objection? {
    if !scheme.isSymmetric {
      return Objection(
        reason: "loads no asymmetric GPTQ",
        remedies: [.useSymmetricWeights, .chooseFormat("compressed-tensors")])
    }
    if scheme.bits != 4 && scheme.bits != 8 {
      return Objection(
        reason: "loads GPTQ with 4 or 8 bits only, not \(scheme.bits)",
        remedies: [.chooseFormat("compressed-tensors"), .chooseBits([4, 8])])
    }
    return groups(inVLLM: scheme)
  }

  static func gptq(inGPTQModel scheme: Scheme) -> Objection? {
    guard !scheme.isSymmetric else { return nil }
    return Objection(
      reason: "trusts asymmetric zero points only in files that it wrote itself",
      remedies: [.useSymmetricWeights])
  }
}
