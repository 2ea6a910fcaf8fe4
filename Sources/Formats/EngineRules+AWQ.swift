internal import Quantizer
internal import Remedies

extension EngineRules {
  /// What no reader of the format accepts.
  static func awq(_ linear: LinearShape, _ scheme: LinearScheme) -> Objection? {
    if let objection = levels(scheme) ?? weightsOnly(scheme) { return objection }
    guard scheme.weights.bits == 4 else {
      return Objection(
        reason: "the format has 4 bits only, not \(scheme.weights.bits)",
        remedies: [.chooseBits([4]), .chooseFormat("compressed-tensors")])
    }
    guard linear.rows % 8 == 0 else {
      return Objection(
        reason: "\(linear.name): the output width \(linear.rows) does not fill words of eight "
          + "codes", remedies: [.chooseFormat("compressed-tensors")])
    }
    return nil
  }

  /// What some of vLLM's kernels refuse and others accept.
  static func awq(inVLLM linear: LinearShape, _ scheme: Scheme) -> Objection? {
    for (side, length) in [("input", linear.columns), ("output", linear.rows)]
    where length % 32 != 0 {
      return Objection(
        reason: "loads AWQ on a CPU only where widths are multiples of 32; the \(side) width of "
          + "\(linear.name) is \(length)", remedies: [], isConditional: true)
    }
    guard case .group(let size) = scheme.granularity, ![32, 64, 128].contains(size) else {
      return nil
    }
    return Objection(
      reason: "has fast AWQ kernels only for groups of 32, 64 and 128 and for whole rows; groups "
        + "of \(size) run on its slow ones", remedies: [.chooseGroupSize([32, 64, 128])],
      isConditional: true)
  }
}
