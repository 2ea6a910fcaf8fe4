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
  /// The decoder blocks.
  public let blocks: [any BlockProgram]
  /// The norm behind the last block.
  public let finalNorm: NormDeclaration
  /// The key of the head `[vocabulary, hidden]`, without `.weight`; the embedding's if both are
  /// tied.
  public let head: String
  /// The key of the head's own module, tied or not.
  let headModule: String
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
  ///   - finalNorm: the norm behind the last block.
  ///   - head: the key of the head if it is not tied.
  ///   - migrationStrength: SmoothQuant's α.
  ///   - block: makes the program of each block.
  /// - Throws: what `block` throws.
  public init(
    _ sizes: DecoderSizes, embedding: String = "model.embed_tokens", embeddingScale: Float = 1,
    finalNorm: NormDeclaration, head: String = "lm_head", migrationStrength: Float = 0.8,
    block: (Int) throws(JSONError) -> any BlockProgram
  ) throws(JSONError) {
    hiddenSize = sizes.hidden
    vocabularySize = sizes.vocabulary
    contextLength = sizes.context
    self.embedding = embedding
    self.embeddingScale = embeddingScale
    self.finalNorm = finalNorm
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

/// The sizes that every configuration has, under the keys that nearly all of them use.
public struct DecoderSizes: Sendable {
  /// `hidden_size`.
  public let hidden: Int
  /// `num_hidden_layers`.
  public let layers: Int
  /// `num_attention_heads`, `num_key_value_heads` and `head_dim`.
  public let heads: HeadShape
  /// `intermediate_size`: the width inside the MLP.
  public let intermediate: Int
  /// `vocab_size`.
  public let vocabulary: Int
  /// `max_position_embeddings`.
  public let context: Int?
  /// `rms_norm_eps`, or the family's name for it.
  public let normEpsilon: Float
  /// `tie_word_embeddings`: whether the head is the embedding.
  public let isTied: Bool

  /// Reads the sizes.
  ///
  /// - Parameters:
  ///   - config: the configuration.
  ///   - requiring: members whose defaults differ between families; a file without them is refused.
  ///   - epsilon: the key of ε.
  ///   - defaultEpsilon: ε where the key is absent.
  ///   - tiesByDefault: whether the head is the embedding if the configuration does not say.
  /// - Throws: ``JSONError`` for what is missing or impossible.
  public init(
    _ config: JSONField, requiring: [String] = [], epsilon: String = "rms_norm_eps",
    defaultEpsilon: Double = 1e-6, tiesByDefault: Bool = false
  ) throws(JSONError) {
    for name in requiring { _ = try config.member(name) }
    hidden = try config.positive("hidden_size")
    layers = try config.positive("num_hidden_layers", atMost: 1 << 16)
    let count = try config.positive("num_attention_heads")
    let keyValueCount = try config.positive("num_key_value_heads", default: count)
    let dimension = try config.positive("head_dim", default: hidden / count, atMost: 1 << 16)
    intermediate = try config.positive("intermediate_size")
    vocabulary = try config.positive("vocab_size")
    context = try config.optionalMember("max_position_embeddings").map {
      field throws(JSONError) in try field.positive()
    }
    normEpsilon = Float(try config.optionalMember(epsilon)?.double ?? defaultEpsilon)
    isTied = try config.flag("tie_word_embeddings", default: tiesByDefault)
    guard count % keyValueCount == 0, dimension > 0, dimension % 2 == 0 else {
      throw .wrongKind(
        path: "num_attention_heads", expected: "heads of even width, shared in equal parts",
        found: "\(count) heads of \(dimension) over \(keyValueCount)")
    }
    heads = HeadShape(count: count, keyValueCount: keyValueCount, dimension: dimension)
  }
}

extension JSONField {
  /// The positive integer of a member, or a default if it is absent.
  ///
  /// - Throws: ``JSONError`` for anything but a positive integer of at most 2³¹ − 1.
  public func positive(
    _ name: String, default value: Int? = nil, atMost limit: Int = Int(Int32.max)
  ) throws(JSONError) -> Int {
    if let value, try optionalMember(name) == nil { return value }
    return try member(name).positive(atMost: limit)
  }

  /// The value as a positive integer: at most 2³¹ − 1, so that no product of two of them overflows.
  ///
  /// - Throws: ``JSONError`` for anything else.
  public func positive(atMost limit: Int = Int(Int32.max)) throws(JSONError) -> Int {
    let int = try int
    guard int > 0, int <= limit else {
      throw .wrongKind(
        path: path, expected: "a positive integer of at most \(limit)", found: "\(int)")
    }
    return int
  }

  /// The boolean of a member, or a default if it is absent.
  ///
  /// - Throws: ``JSONError`` for anything but a boolean.
  public func flag(_ name: String, default value: Bool = false) throws(JSONError) -> Bool {
    try optionalMember(name)?.bool ?? value
  }

  /// The number under the first of these names that exists.
  static func firstDouble(
    _ places: [(field: JSONField?, name: String)], default value: Double
  ) throws(JSONError) -> Double {
    for (field, name) in places {
      if let found = try field?.optionalMember(name) { return try found.double }
    }
    return value
  }
}
