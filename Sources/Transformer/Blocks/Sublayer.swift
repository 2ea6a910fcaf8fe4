public import LinearAlgebra

/// The inside of a sublayer: what happens between its normalized input and its output.
///
/// This is attention, an MLP or a mixture of experts. Its own stages count from 0.
public protocol Mixer: Sendable {
  /// The stages, given the norm that makes the input; nil where the input is the residual stream.
  func stages(reading norm: NormDeclaration?) -> [Stage]
  /// The norms inside.
  var norms: [NormDeclaration] { get }
  /// The stored vectors inside that are neither weights, biases nor norms.
  var vectors: [StoredVector] { get }

  /// The key of an attention whose keys and values later tokens read; nil for anything else.
  var cacheModule: String? { get }

  /// The input of each group of a stage.
  ///
  /// - Parameters:
  ///   - stage: the stage, from 0.
  ///   - x: makes the normalized input of the sublayer, `[tokens, hidden]`.
  ///   - held: what the earlier stages left.
  /// - Returns: a matrix `[rows, in]` for each group.
  func inputs(of stage: Int, _ x: () -> Matrix, _ held: HeldState) -> [Matrix]

  /// Takes the sublayer past a stage; after the last one it holds the output, `[tokens, hidden]`.
  func advance(
    past stage: Int, _ outputs: consuming [[Matrix]], _ held: inout HeldState,
    _ weights: BlockWeights)
}

extension Mixer {
  /// None.
  public var cacheModule: String? { nil }

  /// None.
  public var vectors: [StoredVector] { [] }
}

/// One sublayer of a block: `h ← h + m · postNorm(mixer(norm(h)))`.
public struct Sublayer: Sendable {
  /// The norm in front of the mixer; nil for none.
  public let norm: NormDeclaration?
  /// Attention, an MLP or a mixture.
  public let mixer: any Mixer
  /// The norm applied to the output before it is added; nil for none.
  public let postNorm: NormDeclaration?
  /// m: what the output is multiplied by before it is added.
  public let multiplier: Float

  /// A sublayer.
  public init(
    norm: NormDeclaration?, _ mixer: any Mixer, postNorm: NormDeclaration? = nil,
    multiplier: Float = 1
  ) {
    self.norm = norm
    self.mixer = mixer
    self.postNorm = postNorm
    self.multiplier = multiplier
  }
}
