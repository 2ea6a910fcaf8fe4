public import LinearAlgebra

/// A decoder block as a short program over stages, which never multiplies by a Linear itself.
///
/// For each stage, whoever runs the program asks for the stage's inputs, multiplies them by the
/// Linears, and hands the outputs back:
///
///     inputs(of: 0) → x → [q k v] → advance(past: 0) → inputs(of: 1) → context → [o] → …
///
/// So a quantizer can stand between the inputs and the product, and measuring, quantizing,
/// comparing and evaluating are the same walk. A program is made from a configuration alone; it
/// knows the names of all tensors, and gets weights with each call.
public protocol BlockProgram: Sendable {
  /// The stages, in the order of the computation. All quantized Linears that read one norm are in
  /// one stage.
  var stages: [Stage] { get }
  /// The norms that the block has.
  var norms: [NormDeclaration] { get }

  /// The state of a sequence on entering the block, from its hidden states `[tokens, hidden]`.
  func enter(_ hidden: Matrix) -> BlockState

  /// The input of each group of a stage, `[rows, in]`; a group of an expert sees only the tokens that
  /// are routed to it.
  func inputs(of stage: Int, _ state: BlockState, _ weights: BlockWeights) -> [Matrix]

  /// Takes a state past a stage, given the outputs of every Linear of each group.
  func advance(
    past stage: Int, _ outputs: [[Matrix]], _ state: inout BlockState, _ weights: BlockWeights)
}

/// How far one sequence has come through a block.
public struct BlockState: Sendable {
  /// The residual stream, `[tokens, hidden]`: on entering, and after each sublayer's output is added.
  public var hidden: Matrix
  /// What each sublayer holds between its stages.
  public var held: [HeldState]

  /// A state with nothing held by any of the sublayers.
  public init(hidden: Matrix, sublayers: Int) {
    self.hidden = hidden
    held = [HeldState](repeating: HeldState(), count: sublayers)
  }

  /// Whether the next inputs follow from the residual stream, so that keeping the state costs no more
  /// than keeping that.
  package var isAtRest: Bool { held.allSatisfy(\.matrices.isEmpty) }

  /// The bytes of what is held beside the residual stream.
  package var heldBytes: Int {
    held.reduce(0) { $0 + $1.matrices.reduce(0) { $0 + 4 * $1.elements.count } }
  }
}

/// What a sublayer holds between two of its stages.
public struct HeldState: Sendable {
  /// The inputs of its next stage, or after the last stage its output; empty where they follow from
  /// the residual stream.
  public var matrices: [Matrix] = []
  /// Which experts each token goes to, in a mixture.
  public var routing: Routing?
}
