internal import LinearAlgebra

/// The experts of a mixture that read every token, chosen or not.
package enum ShownExperts: Sendable {
  /// No expert: each reads the tokens that the router sends to it.
  case none
  /// Some experts, by their numbers.
  case some(Set<Int>)
  /// All of them.
  case all

  func contains(_ expert: Int) -> Bool {
    switch self {
    case .none: false
    case .some(let experts): experts.contains(expert)
    case .all: true
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

  /// Lets a router choose by the logits of each token, `[tokens, experts]`.
  ///
  /// An expert that is shown a token without being chosen gets it with a weight of 0.
  init(_ router: Router, _ logits: Matrix, correction: [Float]?, showingAllTo shown: ShownExperts) {
    var tokens = [[Int]](repeating: [], count: logits.columns)
    var weights = [[Float]](repeating: [], count: logits.columns)
    for token in 0..<logits.rows {
      for (expert, weight) in router.choice(logits.row(token), correction: correction) {
        tokens[expert].append(token)
        weights[expert].append(weight)
      }
      for expert in tokens.indices where shown.contains(expert) && tokens[expert].last != token {
        tokens[expert].append(token)
        weights[expert].append(0)
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
      // A token that was only shown to the expert must not see its output, which may be infinite.
      for (i, token) in tokens[expert].enumerated() where weights[expert][i] != 0 {
        let (source, weight) = (output.row(i), weights[expert][i])
        var target = result.mutableRow(token)
        for j in target.indices { target[j] += weight * source[j] }
      }
    }
    return result
  }
}
