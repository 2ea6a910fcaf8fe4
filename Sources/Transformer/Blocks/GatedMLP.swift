public import LinearAlgebra

/// A gated MLP (Shazeer 2020): `down( f(gate x) · up x )`.
///
/// up's outputs are multiplied by the gate, so factors on them pass through unchanged: up can
/// absorb the factors of down's inputs.
public struct GatedMLP: Mixer {
  /// gate and up; or one Linear with the rows of both.
  private let inputs: [Slot]
  private let down: Slot
  private let activation: Activation

  /// An MLP with given parts.
  ///
  /// - Parameters:
  ///   - module: the Hugging Face key of the MLP.
  ///   - names: the last parts of the keys of gate, up and down; without gate, up has the rows of the
  ///     gate and then its own.
  ///   - hidden: the width of the residual stream.
  ///   - inner: the inner width.
  ///   - activation: f.
  ///   - hasBias: whether all three have biases.
  public init(
    _ module: String, names: MLPNames = MLPNames(), hidden: Int, inner: Int,
    activation: Activation = .silu, hasBias: Bool = false
  ) {
    let up = "\(module).\(names.up)"
    func slot(_ name: String, _ rows: Int) -> Slot {
      Slot(name, rows: rows, columns: hidden, hasBias: hasBias)
    }
    if let gate = names.gate {
      inputs = [slot("\(module).\(gate)", inner), slot(up, inner)]
    } else {
      inputs = [slot(up, 2 * inner)]
    }
    let first = names.gate == nil ? inner : 0
    down = Slot(
      "\(module).\(names.down)", rows: hidden, columns: inner, hasBias: hasBias,
      absorber: .rows(of: up, Array(first..<first + inner)), readsActivations: true)
    self.activation = activation
  }

  /// Two stages: gate and up; then down.
  public func stages(reading norm: NormDeclaration?) -> [Stage] {
    [Stage([inputs.map { $0.reading(norm) }]), Stage([[down]])]
  }

  /// No norms.
  public var norms: [NormDeclaration] { [] }

  /// The normalized input x; then the gated product.
  public func inputs(of stage: Int, _ x: () -> Matrix, _ held: HeldState) -> [Matrix] {
    stage == 0 ? [x()] : held.matrices
  }

  /// Applies the gate; then takes the output of down.
  public func advance(
    past stage: Int, _ outputs: consuming [[Matrix]], _ held: inout HeldState,
    _ weights: BlockWeights
  ) {
    if stage == 0 {
      if inputs.count == 1 { outputs[0] = outputs[0][0].halves }
      activation.gate(&outputs[0])
    }
    held.matrices = outputs[0]
  }
}

/// The last parts of the keys of an MLP's Linears.
public struct MLPNames: Sendable {
  /// The gate; nil where there is none, or where it is part of `up`.
  public var gate: String?
  /// The Linear whose outputs are multiplied by the gate, or activated.
  public var up: String
  /// The Linear that writes the output.
  public var down: String

  /// Llama's names by default.
  public init(gate: String? = "gate_proj", up: String = "up_proj", down: String = "down_proj") {
    self.gate = gate
    self.up = up
    self.down = down
  }
}

extension Matrix {
  /// The left and the right half of the columns.
  fileprivate var halves: [Matrix] {
    let width = columns / 2
    return [0, width].map { first in
      var half = Matrix(rows: rows, columns: width)
      half.parallelRowBlocks(of: 64) { range, block in
        for i in range {
          let source = row(i)
          var target = block.mutableRow(i - range.lowerBound)
          for j in target.indices { target[j] = source[first + j] }
        }
      }
      return half
    }
  }
}
