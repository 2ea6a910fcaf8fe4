internal import Formats
public import LinearAlgebra

/// A gated MLP (Shazeer 2020): `down( f(gate x) · up x )`.
///
/// up's outputs are multiplied by the gate, so factors on them pass through unchanged: up can
/// absorb the factors of down's inputs.
public struct GatedMLP: Mixer {
  private let gate: Slot
  private let up: Slot
  private let down: Slot
  private let activation: Activation

  /// An MLP with given parts.
  ///
  /// - Parameters:
  ///   - module: the Hugging Face key of the MLP.
  ///   - names: the last parts of the keys of gate, up and down.
  ///   - hidden: the width of the residual stream.
  ///   - inner: the inner width.
  ///   - activation: f.
  ///   - hasBias: whether all three have biases.
  public init(
    _ module: String, names: (gate: String, up: String, down: String) = gatedNames, hidden: Int,
    inner: Int, activation: Activation = .silu, hasBias: Bool = false
  ) {
    let up = "\(module).\(names.up)"
    gate = Slot("\(module).\(names.gate)", rows: inner, columns: hidden, hasBias: hasBias)
    self.up = Slot(up, rows: inner, columns: hidden, hasBias: hasBias)
    down = Slot(
      "\(module).\(names.down)", rows: hidden, columns: inner, hasBias: hasBias,
      absorber: .rows(of: up, Array(0..<inner)), readsActivations: true)
    self.activation = activation
  }

  /// The usual last parts of the keys.
  public static let gatedNames = (gate: "gate_proj", up: "up_proj", down: "down_proj")

  /// Two stages: gate and up; then down.
  public func stages(reading norm: NormDeclaration?) -> [Stage] {
    [Stage([[gate.reading(norm), up.reading(norm)]]), Stage([[down]])]
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
    if stage == 0 { activation.gate(&outputs[0]) }
    held.matrices = outputs[0]
  }
}

/// An MLP without a gate: `down( f(up x) )`.
///
/// f is not linear, so nothing can absorb the factors of down's inputs.
public struct PlainMLP: Mixer {
  private let up: Slot
  private let down: Slot
  private let activation: Activation

  /// An MLP with given keys without `.weight`; both Linears have biases.
  public init(up: String, down: String, hidden: Int, inner: Int, activation: Activation) {
    self.up = Slot(up, rows: inner, columns: hidden, hasBias: true)
    self.down = Slot(
      down, rows: hidden, columns: inner, hasBias: true, readsActivations: true)
    self.activation = activation
  }

  /// Two stages: up; then down.
  public func stages(reading norm: NormDeclaration?) -> [Stage] {
    [Stage([[up.reading(norm)]]), Stage([[down]])]
  }

  /// No norms.
  public var norms: [NormDeclaration] { [] }

  /// The normalized input x; then f(up x).
  public func inputs(of stage: Int, _ x: () -> Matrix, _ held: HeldState) -> [Matrix] {
    stage == 0 ? [x()] : held.matrices
  }

  /// Applies f; then takes the output of down.
  public func advance(
    past stage: Int, _ outputs: consuming [[Matrix]], _ held: inout HeldState,
    _ weights: BlockWeights
  ) {
    held.matrices = stage == 0 ? [activation.applied(to: outputs[0][0])] : outputs[0]
  }
}

extension Slot {
  /// The slot for an input that a norm makes; the norm becomes the absorber.
  public func reading(_ norm: NormDeclaration?) -> Slot {
    Slot(
      name, rows: shape.rows, columns: shape.columns, hasBias: hasBias,
      absorber: norm.map { .norm($0.name) }, expert: expert, staysDense: staysDense)
  }
}
