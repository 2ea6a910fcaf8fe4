package import Checkpoint
internal import Formats

extension LanguageModel {
  /// Checks that every tensor exists with the right type and shape, so that no run fails halfway.
  ///
  /// Quantized Linears are checked when they are read.
  func checkTensors() throws(CheckpointError) {
    let table = [declaration.vocabularySize, declaration.hiddenSize]
    if quantizedEmbedding == nil { try check(declaration.embedding, table) }
    if let norm = declaration.embeddingNorm { try check(norm) }
    if let positions = declaration.positions {
      try check(positions.name, [positions.skipped + positions.count, declaration.hiddenSize])
    }
    for block in declaration.blocks {
      for norm in block.norms { try check(norm) }
      for vector in block.vectors {
        _ = try folder.floatTensor(vector.name, dimensions: vector.dimensions)
      }
      for slot in block.stages.flatMap(\.slots) {
        if !isQuantized(slot.shape) {
          try check(slot.name, slot.storedDimensions)
        }
        if slot.hasBias {
          _ = try folder.floatTensor("\(slot.name).bias", dimensions: [slot.shape.rows])
        }
      }
    }
    try check(declaration.finalNorm)
    // A classifier or an embedding model has no head, whatever its configuration says.
    let needsHead = makesTokens || folder.tensor("\(declaration.head).weight") != nil
    guard needsHead else { return }
    if !isQuantized(headShape) { try check(declaration.head, table) }
    _ = try headBias()
  }

  /// Checks that what is in front of the blocks and behind them has only finite elements.
  ///
  /// Calibration would not notice: it meets few rows of the embedding, and nothing behind the last block.
  ///
  /// - Throws: ``CheckpointError/notFinite(name:path:element:)``.
  package func checkEnds() throws(CheckpointError) {
    let norms = [declaration.embeddingNorm, declaration.finalNorm].compactMap(\.self)
    let modules = [declaration.embedding, declaration.positions?.name, declaration.head]
    let names =
      modules.compactMap { $0.map { "\($0).weight" } } + norms.flatMap(\.tensorNames)
      + ["\(declaration.headModule).bias"]
    for name in Set(names) { try folder.tensor(name)?.checkIsFinite() }
  }

  /// Checks that a head which is stored although it is tied is the embedding.
  ///
  /// Engines disagree about which of the two they take.
  func checkTie() throws(CheckpointError) {
    let (head, embedding) = (declaration.headModule, declaration.embedding)
    if let packed = folder.tensors.first(where: { tensor in
      tensor.name.hasPrefix("\(head).") && tensor.shape.type.floatFormat == nil
    }),
      declaration.head == embedding
        || folder.tensor("\(head).weight")?.shape.type.floatFormat != nil
    {
      throw .tensor(
        name: packed.name, path: packed.path,
        reason:
          "belongs to a quantized head, but config.json or the folder has another one as well; "
          + "set tie_word_embeddings to false, or remove one of them")
    }
    guard declaration.head == embedding, head != embedding,
      let own = folder.tensor("\(head).weight"), let shared = folder.tensor("\(embedding).weight"),
      own.shape.type.floatFormat != nil
    else { return }
    let isSame =
      own.shape == shared.shape
      && own.withBytes { own in
        shared.withBytes { shared in
          // Safety: the closures only compare bytes.
          unsafe own.withUnsafeBytes { own in
            unsafe shared.withUnsafeBytes { shared in unsafe own.elementsEqual(shared) }
          }
        }
      }
    guard isSame else {
      throw .tensor(
        name: own.name, path: own.path,
        reason:
          "differs from the embedding, although config.json ties both, and engines disagree about "
          + "which counts; set tie_word_embeddings to false, or remove the tensor")
    }
  }

  private func check(_ norm: NormDeclaration) throws(CheckpointError) {
    for name in norm.tensorNames { _ = try folder.floatTensor(name, dimensions: norm.dimensions) }
  }

  private func check(_ module: String, _ dimensions: [Int]) throws(CheckpointError) {
    _ = try folder.floatTensor("\(module).weight", dimensions: dimensions)
  }
}
