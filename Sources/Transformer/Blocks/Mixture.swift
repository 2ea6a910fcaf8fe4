public import LinearAlgebra

/// A mixture of gated MLPs (experts), of which a router picks k for each token.
///
///     p = softmax(router x),     y = Σ wₑ · downₑ( f(gateₑ x) · upₑ x )   over the k largest pₑ
///
/// with wₑ = pₑ, or pₑ / Σ p over the experts picked. The router is never quantized, so the choice
/// of experts depends on quantized weights only through x.
public struct Mixture: Mixer {
  private let router: Slot
  /// gate, up and down of each expert.
  private let experts: [[Slot]]
  private let picked: Int
  private let normalizes: Bool
  private let activation: Activation

  /// A mixture with given parts.
  ///
  /// - Parameters:
  ///   - router: the key of the router, without `.weight`.
  ///   - expert: the key of an expert, which has `gate_proj`, `up_proj` and `down_proj`.
  ///   - count: the number of experts.
  ///   - picked: the number k of experts for each token.
  ///   - normalizes: whether the weights of the picked experts are normalized to sum to 1.
  ///   - hidden: the width of the residual stream.
  ///   - inner: the inner width of an expert.
  ///   - activation: f.
  public init(
    router: String, expert: (Int) -> String, count: Int, picked: Int, normalizes: Bool,
    hidden: Int, inner: Int, activation: Activation = .silu
  ) {
    self.router = Slot(router, rows: count, columns: hidden, staysDense: true)
    experts = (0..<count).map { number in
      let up = "\(expert(number)).up_proj"
      return [
        Slot("\(expert(number)).gate_proj", rows: inner, columns: hidden, expert: number),
        Slot(up, rows: inner, columns: hidden, expert: number),
        Slot(
          "\(expert(number)).down_proj", rows: hidden, columns: inner,
          absorber: .rows(of: up, Array(0..<inner)), expert: number, readsActivations: true),
      ]
    }
    self.picked = picked
    self.normalizes = normalizes
    self.activation = activation
  }

  /// Three stages: the router; gate and up of every expert; down of every expert.
  public func stages(reading norm: NormDeclaration?) -> [Stage] {
    [
      Stage([[router.reading(norm)]]),
      Stage(experts.map { [$0[0].reading(norm), $0[1].reading(norm)] }),
      Stage(experts.map { [$0[2]] }),
    ]
  }

  /// No norms.
  public var norms: [NormDeclaration] { [] }

  /// The normalized input x; for each expert, the rows of x routed to it; its gated product.
  public func inputs(of stage: Int, _ x: () -> Matrix, _ held: HeldState) -> [Matrix] {
    switch (stage, held.routing) {
    case (0, _): return [x()]
    case (1, let routing?):
      let x = x()
      return routing.tokens.map { x.copy(rows: $0) }
    default: return held.matrices
    }
  }

  /// Routes; applies the gates; sums the outputs of the experts for each token.
  public func advance(
    past stage: Int, _ outputs: consuming [[Matrix]], _ held: inout HeldState,
    _ weights: BlockWeights
  ) {
    switch (stage, held.routing) {
    case (0, _):
      held.routing = Routing(logits: outputs[0][0], picked: picked, normalizes: normalizes)
    case (1, _):
      for expert in outputs.indices { activation.gate(&outputs[expert]) }
      held.matrices = outputs.map { $0[0] }
    case (_, let routing?):
      held.matrices = [routing.combined(outputs.map { $0[0] })]
    case (_, nil): preconditionFailure("experts before their router")
    }
  }
}

/// Which experts each token of a sequence goes to, and with what weights.
public struct Routing: Sendable {
  /// The tokens of each expert, in ascending order.
  let tokens: [[Int]]
  /// The weight of each of those tokens.
  let weights: [[Float]]
  private let tokenCount: Int

  /// Picks the k largest logits of each row; among equal ones, the first.
  init(logits: Matrix, picked: Int, normalizes: Bool) {
    var tokens = [[Int]](repeating: [], count: logits.columns)
    var weights = [[Float]](repeating: [], count: logits.columns)
    for token in 0..<logits.rows {
      var copy = logits.copy(rows: token..<token + 1)
      var probabilities = copy.mutableRow(0)
      VectorMath.softmax(&probabilities)
      let order = (0..<logits.columns).sorted {
        (logits[token, $0], $1) > (logits[token, $1], $0)
      }.prefix(picked)
      let sum = order.reduce(Float(0)) { $0 + copy[0, $1] }
      for expert in order {
        tokens[expert].append(token)
        weights[expert].append(normalizes ? copy[0, expert] / sum : copy[0, expert])
      }
    }
    self.tokens = tokens
    self.weights = weights
    tokenCount = logits.rows
  }

  /// The weighted sum of the experts' outputs for each token, `[tokens, hidden]`.
  func combined(_ outputs: [Matrix]) -> Matrix {
    var result = Matrix(rows: tokenCount, columns: outputs.first?.columns ?? 0)
    for (expert, output) in outputs.enumerated() {
      for (i, token) in tokens[expert].enumerated() {
        let (source, weight) = (output.row(i), weights[expert][i])
        var target = result.mutableRow(token)
        for j in target.indices { target[j] += weight * source[j] }
      }
    }
    return result
  }
}
