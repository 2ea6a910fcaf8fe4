internal import Quantizer

/// What compressed-tensors stores for weights, and with floats of 8 bits for inputs.
public enum CompressedTensorsType: String, Sendable, CaseIterable {
  /// Integers of the bits and groups that a run decides.
  case integers
  /// Floats of 8 bits (E4M3) with a scale for each row, beside inputs rounded to such floats.
  case fp8
  /// The same with a scale for each block of 128 x 128 weights, and one for each 128 inputs of a token.
  case fp8Block = "fp8-block"
  /// Floats of 4 bits (E2M1) in groups of 32, with powers of two as scales.
  case mxfp4
  /// Floats of 4 bits in groups of 16, with scales of 8 bits (E4M3), all divided by one number.
  case nvfp4

  /// The scheme of all Linears; nil where the run decides.
  var scheme: Scheme? {
    switch self {
    case .integers: nil
    case .fp8: try? Scheme(bits: 8, points: .table(.e4m3), granularity: .channel)
    case .fp8Block:
      try? Scheme(
        bits: 8, points: .table(.e4m3), granularity: .block(rows: 128, columns: 128))
    case .mxfp4: try? Scheme(bits: 4, points: .table(.e2m1), granularity: .group(32))
    case .nvfp4: try? Scheme(bits: 4, points: .table(.e2m1), granularity: .group(16))
    }
  }

  /// What can be stored of a grid; nil for each scale by itself.
  var encoding: (any GridEncoding)? {
    switch self {
    case .integers, .fp8, .fp8Block: nil
    case .mxfp4: SmallFloatScales.powersOfTwo
    case .nvfp4: SmallFloatScales.e4m3(divisor: FP4Layout.globalScale)
    }
  }

  /// How inputs are rounded unless a run decides that; nil where they stay as they are.
  var activations: ActivationScheme? {
    switch self {
    case .fp8: ActivationScheme(floatsBy: .token)
    case .fp8Block: ActivationScheme(floatsBy: .group(128))
    case .integers, .mxfp4, .nvfp4: nil
    }
  }

  /// The type of floats with scales as they are stored; nil for all else.
  init?(_ scheme: Scheme) {
    switch scheme.granularity {
    case .tensor where scheme.points == .table(.e4m3): self = .fp8
    case .block where scheme.points == .table(.e4m3): self = .fp8Block
    default:
      guard let type = Self.allCases.first(where: { $0.scheme == scheme }) else { return nil }
      self = type
    }
  }
}
