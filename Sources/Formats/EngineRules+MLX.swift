internal import Quantizer
internal import Remedies

extension EngineRules {
  /// What mlx has no kernels for.
  static func mlx(_ scheme: LinearScheme) -> Objection? {
    let weights = scheme.weights
    if let objection = weightsOnly(scheme) ?? offsets(weights) { return objection }
    guard [2, 3, 4, 5, 6, 8].contains(weights.bits) else {
      return Objection(
        reason: "has no kernels for \(weights.bits) bits",
        remedies: [.chooseBits([2, 3, 4, 5, 6, 8]), .chooseFormat("compressed-tensors")])
    }
    if case .group(let size) = weights.granularity, [32, 64, 128].contains(size) { return nil }
    return Objection(
      reason: "has kernels for groups of 32, 64 and 128 only",
      remedies: [.useGroups([32, 64, 128])]
    )
  }

  /// Grids that a format with floating-point offsets cannot store.
  private static func offsets(_ scheme: Scheme) -> Objection? {
    switch scheme.points {
    case .symmetric, .offset: nil
    case .zeroPoint:
      Objection(
        reason:
          "the format stores floating-point offsets, for which integer zero points would have "
          + "to be rounded", remedies: [.useSymmetricWeights])
    case .table(let table): levels(of: table)
    }
  }
}
