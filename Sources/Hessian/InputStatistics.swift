public import LinearAlgebra

/// What calibration learned of one input: the second moment of its rows, and how large they are.
///
///     H = (1/T) Σₜ xₜ xₜᵀ          x: one token's input, n channels;  H: n × n
///
/// Every Linear that reads the same input shares one value (q/k/v; gate/up). The papers write
/// `H = 2XXᵀ`; the factor changes no code, because damping is relative.
public struct InputStatistics: Sendable {
  /// The number of channels n of the input.
  public let channels: Int
  /// The number of tokens T added so far.
  public private(set) var tokenCount = 0
  /// Σ x xᵀ in the upper triangle; the strict lower one is zero.
  private var upperSum: Matrix
  /// The ranges of the channels as they were added.
  private var addedRanges: ChannelRanges
  /// What each channel was divided by since; nil for nothing.
  private var divisors: [Float]?
  /// Some of the tokens themselves.
  public private(set) var sample: TokenSample
  /// Whether the tokens themselves were seen: if not, only what follows from H is known, and neither
  /// ranges, nor magnitudes, nor a sample.
  public let knowsTokens: Bool

  /// Statistics of nothing yet.
  ///
  /// - Parameters:
  ///   - channels: n.
  ///   - collectsHistogram: whether the values of each channel are counted in bins, for observers
  ///     that ask for it.
  public init(channels: Int, collectsHistogram: Bool = false) {
    self.channels = channels
    upperSum = Matrix(rows: channels, columns: channels)
    addedRanges = ChannelRanges(channels: channels, collectsHistogram: collectsHistogram)
    sample = TokenSample(channels: channels)
    knowsTokens = true
  }

  /// Statistics of a ready H, of which no token is known.
  ///
  /// Any positive multiple of H will do for solvers, which ask for relative errors only; so will a sum
  /// over tokens, or the papers' 2XXᵀ.
  ///
  /// - Parameter secondMoment: H, `[n, n]`; of two elements that differ by rounding, the upper counts.
  /// - Throws: ``SecondMomentError`` when it cannot be the second moment of anything.
  /// - Complexity: n².
  public init(secondMoment: Matrix) throws(SecondMomentError) {
    try SecondMomentError.check(secondMoment)
    channels = secondMoment.rows
    upperSum = secondMoment
    for i in 0..<channels {
      for j in 0..<i { upperSum[i, j] = 0 }
    }
    addedRanges = ChannelRanges(channels: channels)
    sample = TokenSample(channels: channels)
    tokenCount = 1
    knowsTokens = false
  }

  /// Adds the rows of `x`, one per token.
  ///
  /// - Precondition: `x` has `channels` columns, and the statistics are not those of a ready H.
  /// - Complexity: T·n² flops in float32 (`ssyrk`, and `sgemm` off the diagonal).
  public mutating func add(_ x: Matrix) {
    precondition(x.columns == channels, "\(x.columns) channels into statistics of \(channels)")
    precondition(knowsTokens, "tokens into statistics of a ready second moment")
    upperSum.addSecondMoment(of: x)
    addedRanges.add(x)
    sample.add(x)
    tokenCount += x.rows
  }

  /// The mean square of each channel: the diagonal of H.
  public var meanSquares: [Float] {
    let scale = 1 / Float(max(1, tokenCount))
    return (0..<channels).map { upperSum[$0, $0] * scale }
  }

  /// The mean magnitude of each channel: `(1/T) Σ |x|`.
  public var meanAbsolutes: [Float] { divided(addedRanges.meanMagnitudes) }

  /// The largest magnitude of each channel: `max |x|`.
  public var maxAbsolutes: [Float] {
    divided(zip(addedRanges.minima, addedRanges.maxima).map { max(-$0, $1) })
  }

  /// The ranges of the channels as they were added, and what to divide them by.
  public var ranges: (added: ChannelRanges, divisors: [Float]?) { (addedRanges, divisors) }

  private func divided(_ values: [Float]) -> [Float] {
    divisors.map { zip(values, $0).map { $0 / $1 } } ?? values
  }

  /// The statistics of the same input with each channel divided by a positive factor.
  ///
  ///     x → x / s        H → diag(1/s) H diag(1/s)
  ///
  /// - Complexity: n² divisions.
  public func divided(by factors: [Float]) -> InputStatistics {
    precondition(factors.count == channels, "\(factors.count) factors, \(channels) channels")
    var result = self
    result.upperSum.parallelRowBlocks(of: 64) { rows, block in
      for i in rows {
        var row = block.mutableRow(i - rows.lowerBound)
        for j in i..<row.count { row[j] /= factors[i] * factors[j] }
      }
    }
    result.divisors = divisors.map { zip($0, factors).map { $0 * $1 } } ?? factors
    result.sample = sample.divided(by: factors)
    return result
  }

  /// The block of H that belongs to consecutive channels, both triangles.
  public func block(_ columns: Range<Int>) -> Matrix {
    let scale = 1 / Float(max(1, tokenCount))
    return Matrix(rows: columns.count, columns: columns.count) { i, j in
      let (a, b) = (columns.lowerBound + min(i, j), columns.lowerBound + max(i, j))
      return upperSum[a, b] * scale
    }
  }

  /// The zero-based channels whose sum of squares is not finite.
  ///
  /// An infinite or NaN input reaches its own diagonal element, so the diagonal tells all.
  public var nonFiniteChannels: [Int] {
    (0..<channels).filter { !upperSum[$0, $0].isFinite }
  }

  /// The inner product of H with a symmetric matrix given by its upper triangle: `tr(H M)`.
  ///
  /// With M = DᵀD this is the expected squared output error `tr(D H Dᵀ)` of a weight error D, so
  /// one `DᵀD` serves any number of statistics.
  ///
  /// - Complexity: n² flops, summed in double precision over rows.
  public func trace(withUpper moment: Matrix) -> Double {
    precondition(moment.rows == channels && moment.columns == channels, "moment of another order")
    guard tokenCount > 0 else { return 0 }
    var sum = 0.0
    for i in 0..<channels {
      let (h, m) = (upperSum.row(i), moment.row(i))
      let diagonal = Double(h[i]) * Double(m[i])
      let rest = i + 1..<channels
      sum += diagonal + 2 * Double(VectorMath.dot(h.extracting(rest), m.extracting(rest)))
    }
    return sum / Double(tokenCount)
  }

  /// The mean squared output of each row of weights: `m H mᵀ`.
  ///
  /// With U the upper triangle of H, `m H mᵀ = 2 m U mᵀ − Σ hⱼⱼ mⱼ²`.
  ///
  /// - Complexity: 2·out·n² flops.
  public func rowEnergies(of matrix: Matrix) -> [Double] {
    let product = Matrix.product(matrix, upperSum)
    let scale = 1 / Double(max(1, tokenCount))
    return (0..<matrix.rows).map { row in
      let m = matrix.row(row)
      var diagonal = 0.0
      for j in m.indices { diagonal += Double(upperSum[j, j]) * Double(m[j]) * Double(m[j]) }
      return (2 * Double(VectorMath.dot(product.row(row), m)) - diagonal) * scale
    }
  }

  /// The element `H[i, j]` for `i <= j`.
  func upper(_ i: Int, _ j: Int) -> Double {
    Double(upperSum[i, j]) / Double(max(1, tokenCount))
  }
}
