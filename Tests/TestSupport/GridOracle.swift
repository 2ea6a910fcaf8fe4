internal import LinearAlgebra
package import Quantizer

/// One entry of a grid, in double precision: `q = clamp(round(w/s) + z, 0, 2^b − 1)`.
package struct GridPoint: Sendable, Equatable {
  /// s.
  package let scale: Double
  /// z.
  package let zeroPoint: Int
  /// 2^b − 1.
  package let largestCode: Int

  /// An entry of given numbers.
  package init(scale: Double, zeroPoint: Int, bits: Int) {
    self.scale = scale
    self.zeroPoint = zeroPoint
    largestCode = 1 << bits - 1
  }

  /// The entry that holds for a column of a row.
  package init(_ grid: Grid, row: Int, column: Int) {
    let group = column / grid.groupSize
    self.init(
      scale: Double(grid.scales[row, group]),
      zeroPoint: Int(grid.zeroPoint(row: row, group: group)), bits: grid.scheme.bits)
  }

  /// The code of a weight, ties to even.
  package func code(of weight: Double) -> Int {
    let code = (weight / scale).rounded(.toNearestOrEven) + Double(zeroPoint)
    return Int(min(Double(largestCode), max(0, code)))
  }

  /// The weight that a code stands for.
  package func value(of code: Int) -> Double { scale * Double(code - zeroPoint) }

  /// The distance of a weight to the nearest boundary ½, 1½, … 2^b − 1½ between codes, in steps.
  package func margin(of weight: Double) -> Double {
    let position = weight / scale + Double(zeroPoint)
    let last = Double(largestCode) - 0.5
    return abs(position - min(last, max(0.5, position.rounded(.down) + 0.5)))
  }

  /// Σ (ŵ − w)² of some weights.
  package func squaredError(of weights: [Double]) -> Double {
    weights.reduce(0) {
      let error = value(of: code(of: $1)) - $1
      return $0 + error * error
    }
  }
}

/// The choice of one group's scale and zero point by its definition, in double precision.
///
///     symmetric   s = 2p·max|w| / (2^b − 1)            z = 2^(b−1)
///     asymmetric  s = p·(max w − min w) / (2^b − 1)    z = round(−p·min w / s)
///
/// with 0 in the range, s rounded to its format, and p = 1, 0.99 … 0.37 where errors are compared.
package struct GridOracle: Sendable {
  /// The weights of the group.
  package let weights: [Double]
  private let scheme: Scheme
  private let rule: GridRule

  /// An oracle for a group.
  package init(_ weights: [Float], _ scheme: Scheme, _ rule: GridRule) {
    self.weights = weights.map(Double.init)
    self.scheme = scheme
    self.rule = rule
  }

  /// The entry for a range shrunk by p; p = 1 is the min-max rule.
  package func entry(shrunkBy p: Double = 1) -> GridPoint {
    let bits = scheme.bits
    let steps = Double(1 << bits - 1)
    let low = p * min(0, weights.min() ?? 0)
    let high = p * max(0, weights.max() ?? 0)
    if scheme.isSymmetric {
      let scale = storable(2 * max(-low, high) / steps)
      return GridPoint(scale: scale, zeroPoint: 1 << (bits - 1), bits: bits)
    }
    let scale = storable((high - low) / steps)
    let zero = Int(min(steps, (-low / scale).rounded(.toNearestOrEven)))
    let floor = rule.smallestZeroPoint
    if zero >= floor { return GridPoint(scale: scale, zeroPoint: zero, bits: bits) }
    // The codes below the smallest zero point are of no use to a group without negative weights.
    return GridPoint(
      scale: storable(high / (steps - Double(floor))), zeroPoint: floor, bits: bits)
  }

  /// The entries that the squared-error rule compares, the widest first.
  package var candidates: [GridPoint] { (0...80).map { entry(shrunkBy: 1 - 0.01 * Double($0)) } }

  private func storable(_ scale: Double) -> Double {
    if scale == 0 { return 1 }
    return Double(max(rule.scaleFormat.rounded(Float(scale)), rule.scaleFormat.leastPositive))
  }
}
