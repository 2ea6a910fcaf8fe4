public import JSON
internal import LinearAlgebra

/// The function between the two projections of an MLP.
public enum Activation: Sendable, Hashable {
  /// `x / (1 + e⁻ˣ)`.
  case silu
  /// `x · Φ(x)`, Φ the normal distribution function.
  case gelu
  /// `x · (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2`.
  case geluTanh
  /// `x / (1 + e^(−1.702 x))`.
  case quickGELU
  /// `max(x, 0)`.
  case relu
  /// `max(x, 0)²`.
  case squaredReLU

  /// The function that a configuration names.
  ///
  /// - Throws: ``JSONError`` for an unknown function.
  public init(named field: JSONField) throws(JSONError) {
    let name = try field.string
    switch name {
    case "silu", "swish": self = .silu
    case "gelu": self = .gelu
    case "gelu_new", "gelu_fast", "gelu_pytorch_tanh": self = .geluTanh
    case "quick_gelu": self = .quickGELU
    case "relu": self = .relu
    case "relu2": self = .squaredReLU
    default:
      throw .wrongKind(
        path: field.path,
        expected: "silu, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, quick_gelu, relu or relu2",
        found: name)
    }
  }

  /// f applied to every element.
  func applied(to x: Matrix) -> Matrix {
    var result = x
    result.parallelRowBlocks(of: 64) { range, block in
      for row in range.indices {
        var values = block.mutableRow(row - range.lowerBound)
        switch self {
        case .silu: VectorMath.silu(&values)
        case .gelu: VectorMath.gelu(&values)
        case .geluTanh: VectorMath.geluTanh(&values)
        case .quickGELU: VectorMath.quickGELU(&values)
        case .relu: VectorMath.relu(&values)
        case .squaredReLU: VectorMath.squaredReLU(&values)
        }
      }
    }
    return result
  }

  /// Replaces the outputs of gate and up by `f(gate) · up`, element by element.
  func gate(_ outputs: inout [Matrix]) {
    let up = outputs.removeLast()
    var result = outputs.removeLast()
    if self != .silu { result = applied(to: result) }
    result.parallelRowBlocks(of: 64) { range, block in
      for row in range {
        var target = block.mutableRow(row - range.lowerBound)
        let source = up.row(row)
        if self == .silu {
          VectorMath.gateSiLU(&target, times: source)
        } else {
          for j in target.indices { target[j] *= source[j] }
        }
      }
    }
    outputs = [result]
  }
}
