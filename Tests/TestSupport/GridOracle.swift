internal import LinearAlgebra
package import Quantizer

/// The points of one group in double precision.
///
/// Around a zero point by the definition `q = clamp(round(w/s) + z, 0, 2^b − 1)`; otherwise as a list
/// of values, of which the nearest is found by comparing with each.
package struct GridPoint: Sendable, Equatable {
  /// s.
  package let scale: Double
  /// z; 0 for points that have none.
  package let zeroPoint: Int
  /// The largest code.
  package let largestCode: Int
  /// The value of each code, for points without a zero point.
  private let values: [Double]?

  /// Points around a zero point.
  package init(scale: Double, zeroPoint: Int, bits: Int) {
    self.scale = scale
    self.zeroPoint = zeroPoint
    largestCode = 1 << bits - 1
    values = nil
  }

  /// Points `s·ℓ + o` for given levels.
  package init(scale: Double, offset: Double, levels: [Double]) {
    self.scale = scale
    zeroPoint = 0
    largestCode = levels.count - 1
    values = levels.map { scale * $0 + offset }
  }

  /// Points of a scheme; the offset is z or o.
  package init(_ scheme: Scheme, scale: Double, offset: Double) {
    switch scheme.points {
    case .symmetric, .zeroPoint:
      self.init(scale: scale, zeroPoint: Int(offset), bits: scheme.bits)
    case .offset:
      self.init(
        scale: scale, offset: offset, levels: (0...scheme.largestCode).map { Double($0) })
    case .table(let table):
      self.init(scale: scale, offset: 0, levels: table.values.map { Double($0) })
    }
  }

  /// The points in a column of a row.
  package init(_ grid: Grid, row: Int, column: Int) {
    let group = column / grid.groupSize
    self.init(
      grid.scheme, scale: Double(grid.scales[row, group]),
      offset: Double(grid.offsets[row, group]))
  }

  /// The code of a weight: at a tie, the even multiple of the step or the lower value of a list.
  package func code(of weight: Double) -> Int {
    if let values {
      return values.indices.min { abs(values[$0] - weight) < abs(values[$1] - weight) } ?? 0
    }
    let code = (weight / scale).rounded(.toNearestOrEven) + Double(zeroPoint)
    return Int(min(Double(largestCode), max(0, code)))
  }

  /// The weight that a code stands for.
  package func value(of code: Int) -> Double {
    values?[code] ?? scale * Double(code - zeroPoint)
  }

  /// The distance of a weight to the nearest boundary between codes, in units of the scale.
  package func margin(of weight: Double) -> Double {
    if let values {
      let distances = values.map { abs($0 - weight) }.sorted()
      return (distances[1] - distances[0]) / 2 / scale
    }
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

/// The choice of one group's scale and offset by its definition, in double precision.
///
///     .symmetric   s = 2p·max|w| / (2^b − 1)            z = 2^(b−1)
///     .zeroPoint   s = p·(max w − min w) / (2^b − 1)    z = round(−p·min w / s)
///     .offset      s = (high − low) / (2^b − 1)         o = low
///     .table       s = p·max(min w / first ℓ, max w / last ℓ)
///
/// Scales and offsets are rounded to their format, and p = 1, 0.99 … 0.2 where errors are compared.
/// The range contains 0; only with an offset it is that of the weights, shrunk towards 0 or the end
/// nearer to it.
package struct GridOracle: Sendable {
  /// The weights of the group.
  package let weights: [Double]
  private let scheme: Scheme
  private let format: FloatFormat
  private let smallestZeroPoint: Int

  /// An oracle for a group.
  package init(_ weights: [Float], _ scheme: Scheme, _ rule: GridRule) {
    self.weights = weights.map(Double.init)
    self.scheme = scheme
    format = rule.scaleFormat
    smallestZeroPoint = (rule.encoding as? SeparateEntries)?.smallestZeroPoint ?? 0
  }

  /// The points for a range shrunk by p; p = 1 is the min-max rule.
  package func entry(shrunkBy p: Double = 1) -> GridPoint {
    let bits = scheme.bits
    let steps = Double(scheme.largestCode)
    let (first, last) = (weights.min() ?? 0, weights.max() ?? 0)
    let (low, high) = (p * min(0, first), p * max(0, last))
    switch scheme.points {
    case .symmetric:
      let scale = storable(2 * max(-low, high) / steps)
      return GridPoint(scale: scale, zeroPoint: 1 << (bits - 1), bits: bits)
    case .zeroPoint: break
    case .offset:
      let still = first > 0 ? first : last < 0 ? last : 0
      let offset = still + p * (first - still)
      let scale = storable((still + p * (last - still) - offset) / steps)
      return GridPoint(scheme, scale: scale, offset: Double(format.rounded(Float(offset))))
    case .table(let table):
      let (least, largest) = (Double(table.values[0]), Double(table.values[table.values.count - 1]))
      return GridPoint(scheme, scale: storable(max(low / least, high / largest)), offset: 0)
    }
    let scale = storable((high - low) / steps)
    let zero = Int(min(steps, (-low / scale).rounded(.toNearestOrEven)))
    let floor = smallestZeroPoint
    if zero >= floor { return GridPoint(scale: scale, zeroPoint: zero, bits: bits) }
    // A group without negative weights cannot use the codes below the smallest zero point.
    return GridPoint(
      scale: storable(high / (steps - Double(floor))), zeroPoint: floor, bits: bits)
  }

  /// The points that the squared-error rule compares, the widest first.
  package var candidates: [GridPoint] { (0...80).map { entry(shrunkBy: 1 - 0.01 * Double($0)) } }

  private func storable(_ scale: Double) -> Double {
    if scale == 0 { return 1 }
    return Double(max(format.rounded(Float(scale)), format.leastPositive))
  }
}
