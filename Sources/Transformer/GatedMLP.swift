internal import LinearAlgebra

/// The SwiGLU MLP (Shazeer 2020): `down( silu(gate x) · up x )`.
struct GatedMLP: Sublayer {
  /// gate and up.
  var inputLinears: [Linear]
  var outputLinear: Linear
  var norm: RMSNorm

  /// up: it is multiplied with the gate.
  var producer: Int { 1 }

  var producerRows: [Int] { Array(0..<outputLinear.weight.columns) }

  func input(_ hidden: Matrix) -> Matrix { norm(hidden) }

  func inner(_ input: Matrix) -> Matrix {
    var gate = inputLinears[0](input)
    let up = inputLinears[1](input)
    gate.parallelRowBlocks(of: 64) { range, block in
      for row in range {
        var values = block.mutableRow(row - range.lowerBound)
        VectorMath.gateSiLU(&values, times: up.row(row))
      }
    }
    return gate
  }
}
