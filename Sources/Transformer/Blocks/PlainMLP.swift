public import LinearAlgebra

/// An MLP without a gate: `down( f(up x) )`.
///
/// Where f is a ReLU, up can absorb the factors of down's inputs, which are positive; otherwise f is not
/// linear, and nothing can.
public struct PlainMLP: Mixer {
  private let up: Slot
  private let down: Slot
  private let activation: Activation
  private let learned: XIELU?

  /// An MLP with given parts.
  ///
  /// - Parameters:
  ///   - up: the key of the first Linear, without `.weight`.
  ///   - down: the key of the second.
  ///   - hidden: the width of the residual stream.
  ///   - inner: the inner width.
  ///   - activation: f.
  ///   - learned: what takes the place of f where it has parameters of its own.
  ///   - hasBias: whether both have biases.
  ///   - isTransposed: whether both are stored as `[in, out]`.
  public init(
    up: String, down: String, hidden: Int, inner: Int, activation: Activation,
    learned: XIELU? = nil, hasBias: Bool = true, isTransposed: Bool = false
  ) {
    self.up = Slot(up, rows: inner, columns: hidden, hasBias: hasBias, isTransposed: isTransposed)
    let isReLU = activation == .relu && learned == nil
    self.down = Slot(
      down, rows: hidden, columns: inner, hasBias: hasBias,
      absorber: isReLU ? .rows(of: up, Array(0..<inner)) : nil, readsActivations: true,
      isTransposed: isTransposed)
    self.activation = activation
    self.learned = learned
  }

  /// Two stages: up; then down.
  public func stages(reading norm: NormDeclaration?) -> [Stage] {
    [Stage([[up.reading(norm)]]), Stage([[down]])]
  }

  /// No norms.
  public var norms: [NormDeclaration] { [] }

  /// The parameters of a learned activation function.
  public var vectors: [StoredVector] { learned?.vectors ?? [] }

  /// The normalized input x; then f(up x).
  public func inputs(of stage: Int, _ x: () -> Matrix, _ held: HeldState) -> [Matrix] {
    stage == 0 ? [x()] : held.matrices
  }

  /// Applies f; then takes the output of down.
  public func advance(
    past stage: Int, _ outputs: consuming [[Matrix]], _ held: inout HeldState,
    _ weights: BlockWeights
  ) {
    guard stage == 0 else {
      held.matrices = outputs[0]
      return
    }
    let x = outputs[0][0]
    held.matrices = [learned?.applied(to: x, weights) ?? activation.applied(to: x)]
  }
}
