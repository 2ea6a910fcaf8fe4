internal import Glibc
package import LinearAlgebra

/// A norm as a block's program declares it.
public struct NormDeclaration: Sendable, Hashable {
  /// The formula of a norm, before its gain.
  public enum Kind: Sendable, Hashable {
    /// `x / √(mean x² + ε)` (Zhang & Sennrich 2019).
    case rootMeanSquare
    /// `(x − mean) / √(variance + ε)`.
    case layer
  }

  /// What the normalized channels are multiplied by.
  public enum Gain: Sendable, Hashable {
    /// The stored weights w.
    case stored
    /// 1 + w, as Gemma stores it.
    case fromOne
    /// 1; nothing is stored.
    case one
  }

  /// The Hugging Face key, without `.weight`.
  public let name: String
  /// The number of channels that are normalized together.
  public let width: Int
  /// The formula.
  public let kind: Kind
  /// What the normalized channels are multiplied by.
  public let gain: Gain
  /// Whether a bias is added last.
  public let hasBias: Bool
  /// ε.
  public let epsilon: Float
  /// The number of neighbouring vectors that have weights of their own, such as the heads of Cohere.
  public let vectors: Int

  /// Declares a norm.
  public init(
    _ name: String, width: Int, kind: Kind = .rootMeanSquare, gain: Gain = .stored,
    hasBias: Bool = false, epsilon: Float, vectors: Int = 1
  ) {
    self.name = name
    self.width = width
    self.kind = kind
    self.gain = gain
    self.hasBias = hasBias
    self.epsilon = epsilon
    self.vectors = vectors
  }

  /// The names of the stored tensors: the weights and the bias.
  package var tensorNames: [String] {
    (gain == .one ? [] : ["\(name).weight"]) + (hasBias ? ["\(name).bias"] : [])
  }

  /// The shape of each of those tensors.
  var dimensions: [Int] { vectors == 1 ? [width] : [vectors, width] }
}

/// A norm with its weights in memory.
public struct Norm: Sendable {
  /// What the program declares.
  public let declaration: NormDeclaration
  /// w as stored.
  private var weights: [Float] { didSet { gain = declaration.gain.values(weights) } }
  /// The factor of each normalized channel: w or 1 + w.
  package private(set) var gain: [Float]
  /// What is added last; nil for nothing.
  package private(set) var bias: Bias?
  /// The format in which the weights are stored.
  let format: FloatFormat

  /// A norm with stored weights.
  init(_ declaration: NormDeclaration, weights: [Float], bias: Bias?, format: FloatFormat) {
    self.declaration = declaration
    self.weights = weights
    gain = declaration.gain.values(weights)
    self.bias = bias
    self.format = format
  }

  /// Normalizes the rows of a matrix; each row holds one or more vectors of the norm's width.
  package func callAsFunction(_ x: Matrix) -> Matrix {
    var y = x
    y.parallelRowBlocks(of: 64) { range, block in
      for i in 0..<range.count {
        var row = block.mutableRow(i)
        for start in stride(from: 0, to: row.count, by: declaration.width) {
          normalize(&row, from: start)
        }
      }
    }
    return y
  }

  private func normalize(_ row: inout MutableSpan<Float>, from start: Int) {
    let (width, first) = (declaration.width, start % gain.count)
    if declaration.kind == .layer { center(&row, from: start) }
    let factor = scale(of: row.span.extracting(start..<start + width))
    for j in 0..<width { row[start + j] = row[start + j] * factor * gain[first + j] }
    if let bias { for j in 0..<width { row[start + j] += bias.values[first + j] } }
  }

  /// The factor that normalizes a vector; NaN where its squares exceed float32.
  ///
  /// 1 / √∞ would be 0, and the vector would vanish in silence. What is NaN is found and named.
  private func scale(of vector: Span<Float>) -> Float {
    let energy = VectorMath.dot(vector, vector)
    guard energy.isFinite else { return .nan }
    return 1 / sqrtf(energy / Float(vector.count) + declaration.epsilon)
  }

  private func center(_ row: inout MutableSpan<Float>, from start: Int) {
    let range = start..<start + declaration.width
    var sum = 0.0
    for j in range { sum += Double(row[j]) }
    let mean = Float(sum / Double(range.count))
    for j in range { row[j] -= mean }
  }
}

// MARK: Taking up factors

extension Norm {
  /// The factors nearest to given ones by which the stored weights can be divided exactly.
  ///
  /// Without a bias, any gain is divided exactly by `g / round(g / s)`. With a bias, both are
  /// divided exactly only by powers of two; and by nothing if few bits hold the difference of the gain
  /// from 1.
  func storableFactors(_ factors: [Float]) -> [Float] {
    if bias != nil {
      let isDivisible = declaration.gain != .fromOne || format == .float32
      return factors.map { isDivisible ? $0.nearestPowerOfTwo : 1 }
    }
    return zip(factors, gain).map { factor, gain in
      guard gain != 0 else { return factor }
      let stored = declaration.gain.values([storable(gain / factor)])[0]
      guard stored.isNormal, (gain / stored).isNormal else { return 1 }
      return gain / stored
    }
  }

  /// Divides the normalized channels by storable factors.
  mutating func divide(by factors: [Float]) {
    weights = zip(gain, factors).map { storable($0 / $1) }
    bias?.divide(by: factors)
  }

  /// Makes every gain 1.
  mutating func removeGain() { weights = gain.map { _ in storable(1) } }

  /// The stored weight for a gain, rounded to the storage format.
  private func storable(_ gain: Float) -> Float {
    format.rounded(declaration.gain == .fromOne ? gain - 1 : gain)
  }

  /// The stored tensors with their bytes.
  package var tensors: [(name: String, bytes: [UInt8])] {
    let all =
      (declaration.gain == .one ? [] : [format.encode(weights)])
      + (bias.map { [$0.format.encode($0.values)] } ?? [])
    return Array(zip(declaration.tensorNames, all)).map { ($0, $1) }
  }
}

extension NormDeclaration.Gain {
  /// The gain that stored weights stand for.
  fileprivate func values(_ weights: [Float]) -> [Float] {
    self == .fromOne ? weights.map { 1 + $0 } : weights
  }
}

extension Float {
  /// The power of two with the nearest logarithm; 1 if there is none.
  var nearestPowerOfTwo: Float {
    guard self > 0, isFinite else { return 1 }
    return exp2f(log2f(self).rounded())
  }
}
