internal import LinearAlgebra

/// The experts of a mixture that read every token, chosen or not.
package enum ShownExperts: Sendable {
  /// No expert: each reads the tokens that the router sends to it.
  case none
  /// All of them.
  case all
  /// Some experts, by their numbers, while the others read no token; only to measure what they make of all.
  case only(Set<Int>)
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
    if case .only(let experts) = shown {
      for expert in experts { tokens[expert] = Array(0..<logits.rows) }
      for expert in experts { weights[expert] = [Float](repeating: 0, count: logits.rows) }
    } else {
      for token in 0..<logits.rows {
        for (expert, weight) in router.choice(logits.row(token), correction: correction) {
          tokens[expert].append(token)
          weights[expert].append(weight)
        }
        guard case .all = shown else { continue }
        for expert in tokens.indices where tokens[expert].last != token {
          tokens[expert].append(token)
          weights[expert].append(0)
        }
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
