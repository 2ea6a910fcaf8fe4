internal import Glibc
public import LinearAlgebra

/// A mixture of gated MLPs (experts), of which a router picks some for each token, and perhaps a shared one
/// for all tokens.
///
///     y = Σ wₑ · downₑ( f(gateₑ x) · upₑ x )   over the experts picked   [ + σ(g·x) · shared(x) ]
///
/// The router is never quantized, so the choice of experts depends on quantized weights only through x.
public struct Mixture: Mixer {
  /// The names of a mixture's parts, below its own.
  public struct Names: Sendable {
    /// The router.
    public var router = "gate"
    /// The list of experts.
    public var experts = "experts"
    /// The Linears of an expert.
    public var parts = MLPNames()
    /// The MLP that all tokens pass; nil for none.
    public var shared: String?
    /// The Linear whose sigmoid weighs that MLP; nil for a weight of 1.
    public var sharedGate: String?

    /// Names, by default those of Qwen3-MoE.
    public init() {}
  }

  private let router: Slot
  private let sharedGate: Slot?
  /// gate, up and down of each expert; those of the shared MLP come last.
  private let experts: [[Slot]]
  private let hasShared: Bool
  private let rule: Router
  private let activation: Activation

  /// A mixture with given parts.
  ///
  /// - Parameters:
  ///   - module: the key of the mixture.
  ///   - names: the names of its parts.
  ///   - rule: how experts are chosen.
  ///   - hidden: the width of the residual stream.
  ///   - inner: the inner width of an expert.
  ///   - shared: the inner width of the shared MLP.
  ///   - activation: f.
  ///   - hasSharedBias: whether the Linears of the shared MLP have biases.
  public init(
    _ module: String, names: Names = Names(), router rule: Router, hidden: Int, inner: Int,
    shared: Int = 0, activation: Activation = .silu, hasSharedBias: Bool = false
  ) {
    let all = "\(module).\(names.router)"
    router = Slot(all, rows: rule.count, columns: hidden, staysDense: true)
    sharedGate = names.sharedGate.map {
      Slot("\(module).\($0)", rows: 1, columns: hidden, staysDense: true)
    }
    func slots(_ module: String, _ width: Int, expert: Int?) -> [Slot] {
      let hasBias = expert == nil && hasSharedBias
      let pool = expert.map { _ in all }
      let up = "\(module).\(names.parts.up)"
      let gate = "\(module).\(names.parts.gate ?? "")"
      return [
        Slot(gate, rows: width, columns: hidden, hasBias: hasBias, expert: expert, pool: pool),
        Slot(up, rows: width, columns: hidden, hasBias: hasBias, expert: expert, pool: pool),
        Slot(
          "\(module).\(names.parts.down)", rows: hidden, columns: width, hasBias: hasBias,
          absorber: .rows(of: up, Array(0..<width)), expert: expert, readsActivations: true),
      ]
    }
    experts =
      (0..<rule.count).map { slots("\(module).\(names.experts).\($0)", inner, expert: $0) }
      + (names.shared.map { [slots("\(module).\($0)", shared, expert: nil)] } ?? [])
    hasShared = names.shared != nil
    self.rule = rule
    self.activation = activation
  }

  /// Three stages: the router; gate and up of every expert; down of every expert.
  public func stages(reading norm: NormDeclaration?) -> [Stage] {
    [
      Stage([([router] + [sharedGate].compactMap(\.self)).map { $0.reading(norm) }]),
      Stage(experts.map { [$0[0].reading(norm), $0[1].reading(norm)] }),
      Stage(experts.map { [$0[2]] }),
    ]
  }

  /// No norms.
  public var norms: [NormDeclaration] { [] }

  /// The correction of the router.
  public var vectors: [StoredVector] { [rule.correction].compactMap(\.self) }

  /// The normalized input x; for each expert, the rows of x routed to it; its gated product.
  public func inputs(of stage: Int, _ x: () -> Matrix, _ held: HeldState) -> [Matrix] {
    switch (stage, held.routing) {
    case (0, _): return [x()]
    case (1, let routing?):
      let x = x()
      return routing.tokens.map { x.copy(rows: $0) } + (hasShared ? [x] : [])
    default: return Array(held.matrices.prefix(experts.count))
    }
  }

  /// Routes; applies the gates; sums the outputs of the experts for each token.
  public func advance(
    past stage: Int, _ outputs: consuming [[Matrix]], _ held: inout HeldState,
    _ weights: BlockWeights
  ) {
    switch (stage, held.routing) {
    case (0, _):
      let correction = rule.correction.map { weights.vector($0) }
      held.routing = Routing(
        rule, outputs[0][0], correction: correction, showingAllTo: held.shown)
      held.sharedWeights =
        sharedGate == nil ? nil : outputs[0][1].elements.map { 1 / (1 + expf(-$0)) }
    case (1, _):
      for expert in outputs.indices { activation.gate(&outputs[expert]) }
      held.matrices = outputs.map { $0[0] }
    case (_, let routing?):
      var results = outputs.map { $0[0] }
      let shared = hasShared ? results.removeLast() : nil
      var sum = routing.combined(results)
      if let shared { sum.add(shared.rows(times: held.sharedWeights)) }
      held.matrices = [sum]
    case (_, nil): preconditionFailure("experts before their router")
    }
  }
}

extension Matrix {
  /// The matrix with each row multiplied by a factor; nil for 1.
  fileprivate func rows(times factors: [Float]?) -> Matrix {
    guard let factors else { return self }
    return Matrix(rows: rows, columns: columns) { self[$0, $1] * factors[$0] }
  }
}
