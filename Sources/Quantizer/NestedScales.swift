/// Scales that are quantized once more, all those of a matrix together: QLoRA's double quantization (Dettmers and
/// others 2023, arXiv 2305.14314, section 3).
///
///     s = m(q)·n + o        q: a byte for each scale;  m: a table of 256;  n: a factor of each 256 scales in row
///                           order;  o: one number, the mean
///
/// Computed in float32 as written, which is how bitsandbytes reads it.
public struct NestedScales: Sendable, Equatable {
  /// The codes q, one for each scale.
  public let codes: [UInt8]
  /// The factors n, one for each block.
  public let factors: [Float]
  /// The number o.
  public let offset: Float

  /// The number of scales that share a factor.
  public static let blockLength = 256

  /// The levels m in ascending order: half of them between 0.1 and 1, the others down to 10⁻⁷.
  public static let levels = makeLevels()

  /// Nested scales with given parts.
  ///
  /// - Precondition: there is a factor for each block.
  public init(codes: [UInt8], factors: [Float], offset: Float) {
    precondition(
      factors.count == Self.blockCount(of: codes.count),
      "\(factors.count) factors for \(codes.count) scales")
    self.codes = codes
    self.factors = factors
    self.offset = offset
  }

  /// The nested scales nearest to given ones, none of which becomes 0 or changes its sign.
  ///
  /// - Precondition: the scales are above 0.
  public init(nearestTo scales: [Float]) {
    let mean = Float(scales.reduce(0) { $0 + Double($1) } / Double(max(1, scales.count)))
    var codes: [UInt8] = []
    codes.reserveCapacity(scales.count)
    var factors: [Float] = []
    for start in stride(from: 0, to: scales.count, by: Self.blockLength) {
      let block = scales[start..<min(scales.count, start + Self.blockLength)].map { $0 - mean }
      let factor = block.reduce(0) { max($0, abs($1)) }
      factors.append(factor)
      codes += block.map { Self.code(of: $0, factor: factor, offset: mean) }
    }
    self.init(codes: codes, factors: factors, offset: mean)
  }

  /// The scales s.
  public var values: [Float] {
    codes.enumerated().map { i, code in
      Self.levels[Int(code)] * factors[i / Self.blockLength] + offset
    }
  }

  /// The number of blocks of so many scales.
  public static func blockCount(of scales: Int) -> Int { (scales + blockLength - 1) / blockLength }

  private static let table = LevelTable(name: "dynamic", values: levels)

  /// The code of the level nearest to a difference from the mean that leaves the scale above 0.
  private static func code(of difference: Float, factor: Float, offset: Float) -> UInt8 {
    // A difference of 0 everywhere has the factor 0.
    var code = factor > 0 ? table.nearestCode(to: difference / factor) : zeroCode
    while code < levels.count - 1, levels[code] * factor + offset <= 0 { code += 1 }
    return UInt8(code)
  }

  /// The code of the level 0.
  private static let zeroCode = levels.firstIndex(of: 0) ?? 0

  /// The levels of the dynamic data type (Dettmers 2016, arXiv 1511.04561) with a sign: 0; 1; and, with either sign,
  /// for i in 0...6 the middles of 2^i equal parts of 0.1...1, times 10^(i − 6).
  ///
  /// Rounded where bitsandbytes rounds, so that they are its levels bit for bit.
  private static func makeLevels() -> [Float] {
    let units: [Float] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1]
    var levels: [Float] = [0, 1]
    for (i, unit) in units.enumerated() {
      let edges = edges(of: 1 << i)
      for (low, high) in zip(edges, edges.dropFirst()) {
        let level = unit * ((low + high) / 2)
        levels += [level, -level]
      }
    }
    return levels.sorted()
  }

  /// The edges of equal parts of 0.1...1, from both ends towards the middle.
  private static func edges(of parts: Int) -> [Float] {
    let step = (1 - Float(0.1)) / Float(parts)
    return (0...parts).map { edge in
      edge < (parts + 1) / 2
        ? Float(0.1).addingProduct(step, Float(edge))
        : Float(1).addingProduct(-step, Float(parts - edge))
    }
  }
}
