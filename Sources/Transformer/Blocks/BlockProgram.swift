public import LinearAlgebra

/// A decoder block as a short program over stages, which never multiplies by a Linear itself.
///
/// For each stage, the caller asks for the stage's inputs, multiplies them by the Linears, and
/// hands back the outputs:
///
///     inputs(of: 0) → x → [q k v] → advance(past: 0) → inputs(of: 1) → context → [o] → …
///
/// So a quantizer can step in between inputs and product, and measuring, quantizing, comparing and
/// evaluating are the same walk. A program is made from a configuration alone; it knows the names
/// of all tensors, and receives the weights with each call.
public protocol BlockProgram: Sendable {
  /// The stages, in order of computation.
  ///
  /// All quantized Linears that read one norm are in one stage.
  var stages: [Stage] { get }
  /// The norms of the block.
  var norms: [NormDeclaration] { get }
  /// The stored vectors that are neither weights, biases nor norms.
  var vectors: [StoredVector] { get }
  /// The key of the attention whose keys and values later tokens read; nil where there is none.
  var cacheModule: String? { get }
  /// How the residual stream is read and written, if through RMSNorms and Linears alone; otherwise nil.
  var residualAccess: ResidualAccess? { get }

  /// The state of a sequence that enters the block with hidden states `[tokens, hidden]`.
  func enter(_ hidden: Matrix) -> BlockState

  /// The input of each group of a stage, `[rows, in]`; an expert's group sees only the tokens that
  /// are routed to it.
  func inputs(of stage: Int, _ state: BlockState, _ weights: BlockWeights) -> [Matrix]

  /// Takes a state past a stage, given the outputs of every Linear of each group.
  func advance(
    past stage: Int, _ outputs: consuming [[Matrix]], _ state: inout BlockState,
    _ weights: BlockWeights)
}

extension BlockProgram {
  /// None.
  public var vectors: [StoredVector] { [] }
  /// None.
  public var cacheModule: String? { nil }
  /// Nil: nothing is known.
  public var residualAccess: ResidualAccess? { nil }
}

/// The progress of one sequence through a block.
public struct BlockState: Sendable {
  /// The residual stream, `[tokens, hidden]`, with the outputs of all finished sublayers added.
  public var hidden: Matrix
  /// What each sublayer holds between its stages.
  public var held: [HeldState]
  /// How far the keys and values of the block reach, once its attention is complete.
  package var cacheReach: CacheReach?

  /// A state in which no sublayer holds anything.
  public init(hidden: Matrix, sublayers: Int) {
    self.hidden = hidden
    held = [HeldState](repeating: HeldState(), count: sublayers)
  }

  /// Whether the next inputs follow from the residual stream alone, so that keeping the state costs
  /// no more than keeping the stream.
  package var isAtRest: Bool { held.allSatisfy(\.matrices.isEmpty) }

  /// The bytes held besides the residual stream.
  package var heldBytes: Int {
    held.reduce(0) { $0 + $1.matrices.reduce(0) { $0 + 4 * $1.elements.count } }
  }
}

/// What a sublayer holds between two of its stages.
public struct HeldState: Sendable {
  /// The inputs of the next stage, or the output after the last one; empty where they follow from
  /// the residual stream.
  public var matrices: [Matrix] = []
  /// Which experts each token goes to, in a mixture.
  public var routing: Routing?
  /// The experts that read every token, chosen or not.
  package var shown = ShownExperts.none
  /// How far keys and values reach, in attention.
  var cacheReach: CacheReach?
  /// The weight of the shared expert for each token; nil for 1.
  var sharedWeights: [Float]?
}

/// Numbers that a block uses as they are stored, such as the correction of a router.
public struct StoredVector: Sendable, Hashable {
  /// The name of the tensor.
  public let name: String
  /// Its shape.
  public let dimensions: [Int]

  /// A vector with the name of its tensor and a shape.
  public init(_ name: String, dimensions: [Int]) {
    self.name = name
    self.dimensions = dimensions
  }
}
