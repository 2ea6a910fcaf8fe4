internal import Glibc
internal import LinearAlgebra

/// Positions as a slope in the scores (ALiBi, Press and others 2022, arXiv 2108.12409): the score of a key at
/// position j grows by `slope · j`, so that near keys count more.
public struct Slopes: Sendable {
  /// The slope of each head.
  let values: [Float]
  /// Whether slopes and their products are rounded to bfloat16.
  private let isRounded: Bool
  /// What the products are multiplied by.
  private let multiplier: Float

  /// The slopes of the paper.
  ///
  /// For a power of two these are 2^(−8i/h); other numbers of heads take every second slope of the next
  /// power of two for the heads that are left.
  public init(heads: Int) {
    values = Self.slopes(heads)
    isRounded = false
    multiplier = 1
  }

  /// Falcon's: rounded, and scaled like the product of queries and keys.
  public init(falcon heads: HeadShape) {
    values = Self.slopes(heads.count)
    isRounded = true
    multiplier = 1 / Float(heads.dimension).squareRoot()
  }

  private static func slopes(_ heads: Int) -> [Float] {
    var power = 1
    while 2 * power <= heads { power *= 2 }
    func slope(_ i: Int, _ count: Int) -> Float { Float(exp2(-8 * Double(i) / Double(count))) }
    let first = (1...power).map { slope($0, power) }
    return first + (0..<heads - power).map { slope(2 * $0 + 1, 2 * power) }
  }

  /// Adds a head's slope to the scores of keys at consecutive positions.
  func add(to scores: inout MutableSpan<Float>, head: Int, from position: Int) {
    let slope = isRounded ? FloatFormat.bfloat16.rounded(values[head]) : values[head]
    for j in scores.indices {
      let product = slope * Float(position + j)
      let bias = isRounded ? FloatFormat.bfloat16.rounded(product) : product
      scores[j] += bias * multiplier
    }
  }
}
