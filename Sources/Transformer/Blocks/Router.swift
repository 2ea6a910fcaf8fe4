internal import Glibc
internal import LinearAlgebra

/// How a router's logits choose the experts of a token, and what their outputs are multiplied by.
///
///     s = score(logits),    the k experts with the largest s + b are chosen,    wₑ = m · sₑ
///
/// where b is a stored correction that balances the experts and takes no part in the weights. Where experts
/// come in groups, only those of the best groups may be chosen.
public struct Router: Sendable {
  /// What logits become before experts are chosen.
  public enum Score: Sendable {
    /// softmax over all experts.
    case softmax
    /// 1 / (1 + e⁻ˣ) of each.
    case sigmoid
    /// The logits; the weights are the softmax over the chosen ones.
    case logits
  }

  /// Groups of neighbouring experts, of which some may be chosen from.
  public struct Groups: Sendable {
    /// The number of groups.
    public let count: Int
    /// The number of groups from which experts are chosen.
    public let picked: Int
    /// How many of its best experts rank a group, by the sum of their scores.
    public let ranking: Int

    /// Groups with given numbers.
    public init(count: Int, picked: Int, ranking: Int) {
      self.count = count
      self.picked = picked
      self.ranking = ranking
    }
  }

  /// The number of experts.
  public let count: Int
  /// The number k of experts for each token.
  public let picked: Int
  /// What logits become.
  public var score: Score
  /// The stored correction b; nil for none.
  public var correction: StoredVector?
  /// Groups; nil for none.
  public var groups: Groups?
  /// Whether the weights of the chosen experts are divided by their sum.
  public var normalizes: Bool
  /// m: what the weights are multiplied by at last.
  public var multiplier: Float

  /// A router.
  public init(
    count: Int, picked: Int, score: Score = .softmax, correction: StoredVector? = nil,
    groups: Groups? = nil, normalizes: Bool, multiplier: Float = 1
  ) {
    self.count = count
    self.picked = picked
    self.score = score
    self.correction = correction
    self.groups = groups
    self.normalizes = normalizes
    self.multiplier = multiplier
  }

  /// The experts of a token and their weights, given its logits.
  func choice(_ logits: Span<Float>, correction: [Float]?) -> [(expert: Int, weight: Float)] {
    let scores = scores(logits)
    var ranks = scores
    if let correction { for i in ranks.indices { ranks[i] += correction[i] } }
    if let groups { ranks = groups.masked(ranks) }
    let experts = ranks.largest(picked)
    var weights = experts.map { scores[$0] }
    if score == .logits { weights = Self.softmax(weights) }
    if normalizes {
      let sum = weights.reduce(0, +)
      weights = weights.map { $0 / sum }
    }
    return zip(experts, weights).map { ($0, $1 * multiplier) }
  }

  private func scores(_ logits: Span<Float>) -> [Float] {
    let values = logits.indices.map { logits[$0] }
    switch score {
    case .softmax: return Self.softmax(values)
    case .sigmoid: return values.map { 1 / (1 + expf(-$0)) }
    case .logits: return values
    }
  }

  private static func softmax(_ values: [Float]) -> [Float] {
    var matrix = Matrix(rows: 1, columns: values.count, elements: values)
    var row = matrix.mutableRow(0)
    VectorMath.softmax(&row)
    return matrix.elements
  }
}

extension Router.Groups {
  /// The ranks of the experts, with −∞ outside of the best groups.
  fileprivate func masked(_ ranks: [Float]) -> [Float] {
    let size = ranks.count / count
    let best = (0..<count).map { group -> Float in
      let own = Array(ranks[group * size..<(group + 1) * size])
      return own.largest(ranking).reduce(0) { $0 + own[$1] }
    }.largest(picked)
    var result = [Float](repeating: -.infinity, count: ranks.count)
    for group in best { for i in group * size..<(group + 1) * size { result[i] = ranks[i] } }
    return result
  }
}

extension [Float] {
  /// The positions of the k largest elements, the largest first; among equal ones, the first.
  fileprivate func largest(_ k: Int) -> [Int] {
    var rest = self
    return (0..<Swift.min(k, count)).map { _ in
      var best = 0
      for i in rest.indices where rest[i] > rest[best] { best = i }
      rest[best] = -.infinity
      return best
    }
  }
}
