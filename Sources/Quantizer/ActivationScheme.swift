/// How the inputs of a Linear are rounded while the model runs; always to 8 bits.
public struct ActivationScheme: Sendable, Hashable {
  /// Which inputs share one scale, and when it is chosen.
  public enum Granularity: Sendable, Hashable {
    /// Each token has its own scale, chosen while the model runs ("dynamic").
    case token
    /// All inputs share one scale, chosen by calibration ("static").
    case tensor
  }

  /// What inputs are rounded to.
  public enum Number: Sendable, Hashable {
    /// Integers.
    case integer
    /// E4M3 floats (FP8).
    case float
  }

  /// Which inputs share one scale.
  public let granularity: Granularity
  /// What inputs are rounded to.
  public let number: Number
  /// Whether the zero point is fixed at 0, as it always is for floats.
  public let isSymmetric: Bool

  /// The number of bits of a rounded input.
  public static let bits = 8

  /// A scheme of integers.
  public init(granularity: Granularity, symmetric: Bool) {
    self.granularity = granularity
    number = .integer
    isSymmetric = symmetric
  }

  /// A scheme of floats.
  public init(floatsBy granularity: Granularity) {
    self.granularity = granularity
    number = .float
    isSymmetric = true
  }
}
