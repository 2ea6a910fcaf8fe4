public import Formats
public import JSON

/// A decoder-only model as its family declares it: its sizes and the name of every tensor.
public struct ModelDeclaration: Sendable {
  /// The width of the residual stream.
  public let hiddenSize: Int
  /// The number of tokens in the vocabulary.
  public let vocabularySize: Int
  /// The number of tokens in the context the model was made for; nil if the configuration is
  /// silent.
  public let contextLength: Int?
  /// The key of the token embedding `[vocabulary, hidden]`, without `.weight`.
  public let embedding: String
  /// The factor by which embeddings are multiplied.
  public let embeddingScale: Float
  /// The norm behind the embedding; nil for none.
  public let embeddingNorm: NormDeclaration?
  /// The table of learned positions; nil for none.
  public let positions: LearnedPositions?
  /// The decoder blocks.
  public internal(set) var blocks: [any BlockProgram]
  /// The norm behind the last block.
  public let finalNorm: NormDeclaration
  /// Whether the head has a bias.
  public let hasHeadBias: Bool
  /// What happens to the logits.
  public let logits: LogitRule
  /// The key of the head `[vocabulary, hidden]`, without `.weight`; the embedding's if both are
  /// tied.
  public let head: String
  /// The key of the head's own module, tied or not.
  let headModule: String
  /// Whether the tensors have the names of the decoder alone, as a class without a head saves them.
  var isBare = false
  /// The migration strength α of SmoothQuant that suits the family, 0 to 1.
  ///
  /// The paper's own configurations have 0.85 for Llama and 0.8 for Mistral.
  public let migrationStrength: Float

  /// A model with given parts.
  ///
  /// - Parameters:
  ///   - sizes: the sizes that all families share.
  ///   - embedding: the key of the token embedding.
  ///   - embeddingScale: the factor by which embeddings are multiplied.
  ///   - embeddingNorm: the norm behind the embedding; nil for none.
  ///   - positions: the table of learned positions; nil for none.
  ///   - finalNorm: the norm behind the last block.
  ///   - head: the key of the head if it is not tied.
  ///   - hasHeadBias: whether the head has a bias.
  ///   - logits: what happens to the logits.
  ///   - migrationStrength: SmoothQuant's α.
  ///   - block: makes the program of each block.
  /// - Throws: what `block` throws.
  public init(
    _ sizes: DecoderSizes, embedding: String = "model.embed_tokens", embeddingScale: Float = 1,
    embeddingNorm: NormDeclaration? = nil, positions: LearnedPositions? = nil,
    finalNorm: NormDeclaration, head: String = "lm_head", hasHeadBias: Bool = false,
    logits: LogitRule = LogitRule(),
    migrationStrength: Float = 0.8,
    block: (Int) throws(JSONError) -> any BlockProgram
  ) throws(JSONError) {
    hiddenSize = sizes.hidden
    vocabularySize = sizes.vocabulary
    contextLength = sizes.context
    self.embedding = embedding
    self.embeddingScale = embeddingScale
    self.embeddingNorm = embeddingNorm
    self.positions = positions
    self.finalNorm = finalNorm
    self.hasHeadBias = hasHeadBias
    self.logits = logits
    self.head = sizes.isTied ? embedding : head
    headModule = head
    self.migrationStrength = migrationStrength
    var blocks: [any BlockProgram] = []
    for layer in 0..<sizes.layers { blocks.append(try block(layer)) }
    self.blocks = blocks
  }

  /// The Linears of a decoder block that can be quantized, in order of computation.
  public func linears(block: Int) -> [LinearShape] {
    blocks[block].stages.flatMap(\.slots).filter { !$0.staysDense }.map(\.shape)
  }

  /// The Linears of a decoder block in sets that must be stored with the same number of bits.
  ///
  /// These are the stages, since engines make one matrix of q, k and v, and of gate and up. All
  /// experts of a block are one set, with gate, up and down, since vLLM runs them as one kernel.
  package func linearsStoredAlike(block: Int) -> [[LinearShape]] {
    var sets: [[LinearShape]] = []
    var experts: Int?
    for stage in blocks[block].stages {
      let slots = stage.slots.filter { !$0.staysDense }
      guard !slots.isEmpty else { continue }
      if slots.contains(where: { $0.expert != nil }) {
        if let experts {
          sets[experts] += slots.map(\.shape)
          continue
        }
        experts = sets.count
      }
      sets.append(slots.map(\.shape))
    }
    return sets
  }

  /// The modules that are never quantized, except `lm_head`, which every reader leaves out.
  package var denseModules: [String] {
    blocks.flatMap { $0.stages.flatMap(\.slots).filter(\.staysDense).map(\.name) }
      + (headModule == "lm_head" ? [] : [headModule])
  }
}

/// What happens to the logits: `c · tanh(m · logit / c)`.
public struct LogitRule: Sendable, Hashable {
  /// m: what logits are multiplied by.
  public var multiplier: Float
  /// c: the soft cap; nil for none.
  public var cap: Float?

  /// A rule, by default none.
  public init(multiplier: Float = 1, cap: Float? = nil) {
    self.multiplier = multiplier
    self.cap = cap
  }
}

/// A table with a vector for each position, `[skipped + count, hidden]`, which is added to the embeddings.
public struct LearnedPositions: Sendable, Hashable {
  /// The key of the table, without `.weight`.
  public let name: String
  /// The number of rows in front of position 0.
  public let skipped: Int
  /// The number of positions.
  public let count: Int
}
