internal import Formats
internal import LinearAlgebra

extension DecoderBlock {
  /// Folds a rotation into the weights; a Linear that stays dense, and biases, are rounded to their
  /// storage format.
  ///
  /// - Precondition: the rotation was made for the block's model.
  /// - Complexity: 2·out·in·hidden flops for each Linear.
  mutating func rotate(by rotation: Rotation) {
    let slots = program.stages.flatMap(\.slots)
    if let access = program.residualAccess {
      for slot in slots {
        guard case .norm(let name) = slot.absorber, access.norms.contains(name),
          let gain = weights.norms[name]?.gain
        else { continue }
        weights.linears[slot.name]?.rotateInputs(gain, rotation.stream)
      }
      for name in access.norms { weights.norms[name]?.removeGain() }
      for slot in slots where slot.staysDense { weights.linears[slot.name]?.roundWeights() }
      for name in access.writers {
        weights.linears[name]?.rotateOutputs(rotation.stream, rows: Array(0..<rotation.stream.rows))
      }
    }
    for slot in slots { rotateHeads(readBy: slot, rotation) }
  }

  /// Rotates the values of each head, and the columns of the Linear that reads them.
  private mutating func rotateHeads(readBy slot: Slot, _ rotation: Rotation) {
    guard let width = slot.headWidth, let matrix = rotation.heads[width],
      case .rows(let producer, let rows) = slot.absorber
    else { return }
    let heads = stride(from: 0, to: slot.shape.columns, by: width).map { $0..<$0 + width }
    for head in heads { weights.linears[slot.name]?.rotateInputs(matrix, columns: head) }
    // Query heads that share a key-value head share its rows.
    for head in Set(heads.map { Array(rows[$0]) }) {
      weights.linears[producer]?.rotateOutputs(matrix, rows: head)
    }
  }
}

extension Linear {
  /// `W ← W diag(g) R`.
  fileprivate mutating func rotateInputs(_ gain: [Float], _ rotation: Matrix) {
    weight = Matrix.product(weight.columns(times: gain), rotation)
  }

  /// Rounds the weights to their storage format.
  fileprivate mutating func roundWeights() {
    weight = weight.rounded(to: format ?? .float32)
  }

  /// `W ← W R` for some columns.
  fileprivate mutating func rotateInputs(_ rotation: Matrix, columns: Range<Int>) {
    let source = weight
    weight.parallelRowBlocks(of: 64) { rows, block in
      var target = block.mutableView(rows: 0..<rows.count, columns: columns)
      BLAS.gemm(1, source.view(rows: rows, columns: columns), rotation.view, 0, into: &target)
    }
  }

  /// `W ← Rᵀ W` and `b ← b R` for some rows.
  fileprivate mutating func rotateOutputs(_ rotation: Matrix, rows: [Int]) {
    let turned = Matrix.product(rotation.transposed, weight.copy(rows: rows))
    for (i, row) in rows.enumerated() {
      for j in 0..<weight.columns { weight[row, j] = turned[i, j] }
    }
    bias?.rotate(rotation, rows: rows)
  }
}

extension Bias {
  fileprivate mutating func rotate(_ rotation: Matrix, rows: [Int]) {
    let part = Matrix(rows: 1, columns: rows.count, elements: rows.map { values[$0] })
    let turned = Matrix.product(part, rotation)
    for (i, row) in rows.enumerated() { values[row] = format.rounded(turned[0, i]) }
  }
}
