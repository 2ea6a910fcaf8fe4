internal import LinearAlgebra

/// Which experts each token of a sequence goes to, and with what weights.
public struct Routing: Sendable {
  /// The tokens of each expert, in ascending order.
  let tokens: [[Int]]
  /// The weight of each of those tokens.
  let weights: [[Float]]
  private let tokenCount: Int

  /// Lets a router choose by the logits of each token, `[tokens, experts]`.
  init(_ router: Router, _ logits: Matrix, correction: [Float]?) {
    var tokens = [[Int]](repeating: [], count: logits.columns)
    var weights = [[Float]](repeating: [], count: logits.columns)
    for token in 0..<logits.rows {
      for (expert, weight) in router.choice(logits.row(token), correction: correction) {
        tokens[expert].append(token)
        weights[expert].append(weight)
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
