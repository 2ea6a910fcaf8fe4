/// Levels that are not evenly spaced, for points `ŵ = s·ℓ(q)`.
public struct LevelTable: Sendable, Hashable {
  /// The name of the levels, for messages and tables.
  public let name: String
  /// The levels ℓ in ascending order; the code q is an index into them.
  public let values: [Float]
  /// The midpoints between neighbouring levels, followed by as many infinities as make their number
  /// one less than a power of two.
  private let boundaries: [Float]

  /// A table of given levels.
  ///
  /// - Precondition: 3 to 256 finite levels that ascend from a negative to a positive one.
  public init(name: String, values: [Float]) {
    precondition(
      (3...256).contains(values.count) && values[0] < 0 && values[values.count - 1] > 0
        && values.indices.dropFirst().allSatisfy { values[$0 - 1] < values[$0] }
        && values.allSatisfy(\.isFinite), "the levels of \(name): \(values)")
    self.name = name
    self.values = values
    var boundaries = values.indices.dropFirst().map { (values[$0 - 1] + values[$0]) / 2 }
    while boundaries.count & (boundaries.count + 1) != 0 { boundaries.append(.infinity) }
    self.boundaries = boundaries
  }

  /// The number of bits that a code needs.
  public var bits: Int { (boundaries.count + 1).trailingZeroBitCount }

  /// The code of the level nearest to a value: the lower one at a tie, 0 for a NaN.
  ///
  /// - Complexity: one comparison for each bit.
  public func nearestCode(to value: Float) -> Int {
    var code = 0
    var step = (boundaries.count + 1) / 2
    while step > 0 {
      if value > boundaries[code + step - 1] { code += step }
      step /= 2
    }
    return code
  }

  /// NF4, as bitsandbytes stores it.
  ///
  /// Each level has the same share of a normal distribution's probability; 0 and ±1 are levels
  /// (Dettmers and others 2023, arXiv 2305.14314, section 3 and appendix E).
  public static let nf4 = LevelTable(
    name: "nf4",
    values: [
      -1, -0.696192800998687744140625, -0.525073051452636718750, -0.394917488098144531250,
      -0.284441381692886352539, -0.184773430228233337402, -0.091050036251544952393, 0,
      0.079580299556255340576, 0.160930201411247253418, 0.246112301945686340332,
      0.337915241718292236328, 0.440709829330444335938, 0.562617003917694091797,
      0.722956836223602294922, 1,
    ])

  /// FP4, as bitsandbytes stores it: 0, ¹⁄₁₆, 2, 3, 4, 6, 8, 12 and their negatives, divided by 12.
  public static let fp4 = LevelTable(
    name: "fp4",
    values: [-12, -8, -6, -4, -3, -2, -0.0625, 0, 0.0625, 2, 3, 4, 6, 8, 12].map { $0 / 12 })

  /// E2M1, the values of the 4-bit floats in MXFP4 and NVFP4: 0, ½, 1, 1½, 2, 3, 4, 6 and their
  /// negatives.
  public static let e2m1 = LevelTable(
    name: "e2m1", values: floats(mantissaBits: 1, bias: 1, count: 8))

  /// E4M3, the finite values of 8-bit floats with 4 bits of exponent, up to 448.
  public static let e4m3 = LevelTable(
    name: "e4m3", values: floats(mantissaBits: 3, bias: 7, count: 127))

  /// The largest level of ``e2m1``.
  static let largestE2M1: Float = 6

  /// The largest level of ``e4m3``.
  static let largestE4M3: Float = 448

  /// The values of the first `count` codes of a small floating-point format and their negatives,
  /// with a single zero.
  private static func floats(mantissaBits: Int, bias: Int, count: Int) -> [Float] {
    let ones = 1 << mantissaBits
    let magnitudes = (0..<count).map { code -> Float in
      let (exponent, mantissa) = (code / ones, code % ones)
      // Codes with the exponent 0 are subnormal.
      let digits = Float(exponent == 0 ? mantissa : ones + mantissa) / Float(ones)
      return Float(sign: .plus, exponent: max(1, exponent) - bias, significand: digits)
    }
    return magnitudes.dropFirst().reversed().map(-) + magnitudes
  }
}
