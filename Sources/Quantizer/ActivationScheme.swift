/// How the inputs of a Linear are rounded while the model runs.
public struct ActivationScheme: Sendable, Hashable {
  /// Which inputs share one scale, and when it is chosen.
  public enum Granularity: Sendable, Hashable {
    /// Each token has its own scale, chosen while the model runs ("dynamic").
    case token
    /// All inputs share one scale, chosen by calibration ("static").
    case tensor
    /// Each run of so many consecutive channels of a token has its own scale, chosen while the model runs; the last
    /// one may be shorter.
    case group(Int)
  }

  /// What inputs are rounded to.
  public enum Number: Sendable, Hashable {
    /// Integers of 8 bits.
    case integer
    /// E4M3 floats (FP8).
    case float
    /// E2M1 floats in groups of 16, with E4M3 floats as scales, divided by a number that calibration chooses.
    case nvfp4
    /// E2M1 floats in groups of 32, with powers of two as scales.
    case mxfp4
  }

  /// Which inputs share one scale.
  public let granularity: Granularity
  /// What inputs are rounded to.
  public let number: Number
  /// Whether the zero point is fixed at 0, as it always is for floats.
  public let isSymmetric: Bool

  /// A scheme of integers.
  public init(granularity: Granularity, symmetric: Bool) {
    self.granularity = granularity
    number = .integer
    isSymmetric = symmetric
  }

  /// A scheme of E4M3 floats.
  public init(floatsBy granularity: Granularity) { self.init(.float, by: granularity) }

  private init(_ number: Number, by granularity: Granularity) {
    self.granularity = granularity
    self.number = number
    isSymmetric = true
  }

  /// The inputs of NVFP4.
  public static let nvfp4 = ActivationScheme(.nvfp4, by: .group(16))
  /// The inputs of MXFP4.
  public static let mxfp4 = ActivationScheme(.mxfp4, by: .group(32))

  /// The number of bits of a rounded input.
  public var bits: Int {
    switch number {
    case .integer, .float: 8
    case .nvfp4, .mxfp4: 4
    }
  }

  /// Whether calibration chooses a number that all inputs share.
  public var isCalibrated: Bool { granularity == .tensor || number == .nvfp4 }
}
