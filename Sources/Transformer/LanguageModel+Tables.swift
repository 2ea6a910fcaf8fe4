package import Checkpoint
package import Formats
internal import JSON
package import LinearAlgebra
package import Quantizer

// What stands outside the blocks: embedding, final norm and head, rotated if the model is.

extension LanguageModel {
  /// The token embedding, `[vocabulary, hidden]`, without its factor.
  func embedding() throws(CheckpointError) -> SlabMatrix {
    if let quantizedEmbedding {
      return SlabMatrix(quantizedEmbedding, name: declaration.embedding, path: folder.path)
    }
    let gain = [Float](repeating: 1, count: declaration.hiddenSize)
    return try table(declaration.embedding, rotation.map { (gain, $0.stream) })
  }

  /// The learned vectors of the first positions, `[count, hidden]`; nil where there are none.
  func positions(count: Int) throws(CheckpointError) -> Matrix? {
    guard let table = declaration.positions else { return nil }
    let rows = table.skipped..<table.skipped + count
    return try SlabMatrix(
      folder, "\(table.name).weight", rows: table.skipped + table.count,
      columns: declaration.hiddenSize
    ).rows(Array(rows))
  }

  /// The norm behind the last block.
  func finalNorm() throws(CheckpointError) -> Norm {
    var norm = try folder.norm(declaration.finalNorm)
    if rotation != nil { norm.removeGain() }
    return norm
  }

  /// The head, `[vocabulary, hidden]`.
  func head() throws(CheckpointError) -> SlabMatrix {
    try checkPredicts()
    let isTied = declaration.head == declaration.embedding
    if let quantized = try isTied ? quantizedEmbedding : quantizedLinear(headShape) {
      return SlabMatrix(quantized, name: declaration.head, path: folder.path)
    }
    // The rotated head takes up the gain of the norm in front of it.
    let gain = rotation == nil ? [] : try folder.norm(declaration.finalNorm).gain
    return try table(declaration.head, rotation.map { (gain, $0.stream) })
  }

  /// What is stored for an embedding in integers; nil where it is dense.
  static func quantizedEmbedding(
    _ declaration: ModelDeclaration, in folder: ModelFolder, _ format: (any CheckpointFormat)?
  ) throws(CheckpointError) -> QuantizedLinear? {
    guard let format, let stored = folder.tensor("\(declaration.embedding).weight"),
      stored.shape.type.floatFormat == nil
    else { return nil }
    return try format.decode(declaration.embeddingShape, in: folder, folder.quantization ?? nil)
  }

  /// The tables of vectors for tokens, with a row for each: the embedding, and the head unless it is the
  /// same.
  package var tables: [LinearShape] {
    let embeddingShape = declaration.embeddingShape
    return declaration.head == declaration.embedding
      ? [embeddingShape] : [embeddingShape, headShape]
  }

  /// Whether the head is the embedding, and is stored beside it all the same.
  package var storesTiedHead: Bool {
    let (head, embedding) = (declaration.headModule, declaration.embedding)
    return declaration.head == embedding && head != embedding
      && folder.tensor("\(head).weight") != nil
  }

  /// The tables that are quantized.
  package var quantizedTables: [LinearShape] {
    (quantizedEmbedding == nil ? [] : [declaration.embeddingShape])
      + [quantizedHead].compactMap(\.self)
  }

  /// The head, if it is quantized and not the embedding.
  package var quantizedHead: LinearShape? {
    !sharesHead && isQuantized(headShape) ? headShape : nil
  }

  /// What is stored for each of them.
  ///
  /// - Throws: ``CheckpointError`` if one cannot be read.
  package var tableSchemes: [(String, LinearScheme)] {
    get throws(CheckpointError) {
      var schemes: [(String, LinearScheme)] = []
      for table in quantizedTables {
        guard let format else { continue }
        let stored = try format.decode(table, in: folder, folder.quantization ?? nil)
        schemes.append((table.name, stored.scheme))
      }
      return schemes
    }
  }

  /// The head under the name by which readers look for it, whether or not it is the embedding.
  package var headLinear: LinearShape {
    LinearShape(
      name: declaration.headModule, rows: declaration.vocabularySize,
      columns: declaration.hiddenSize)
  }

  /// All of the head, `[vocabulary, hidden]`.
  package func headWeights() throws(CheckpointError) -> Matrix {
    try head().rows(0..<declaration.vocabularySize)
  }

  /// The head as it is stored, with the type of its elements.
  package func headBytes() throws(CheckpointError) -> (bytes: [UInt8], type: TensorType) {
    let type = folder.tensor("\(declaration.head).weight")?.shape.type ?? .float32
    return (try head().bytes(), type)
  }

  /// Whether the head is the embedding.
  package var sharesHead: Bool { declaration.head == declaration.embedding }

  /// Passes on the rows of a dense table, some thousands at a time.
  package func forEachSlab(
    of table: LinearShape, _ use: (Matrix) throws -> Void
  ) throws {
    let stored = try SlabMatrix(
      folder, "\(table.name).weight", rows: table.rows, columns: table.columns)
    for slab in slabs { try use(try stored.rows(slab)) }
  }

  /// The shape of the head.
  package var headShape: LinearShape {
    LinearShape(
      name: declaration.head, rows: declaration.vocabularySize, columns: declaration.hiddenSize)
  }

  private func table(
    _ module: String, _ turn: (gain: [Float], rotation: Matrix)?
  ) throws(CheckpointError) -> SlabMatrix {
    try SlabMatrix(
      folder, "\(module).weight", rows: declaration.vocabularySize,
      columns: declaration.hiddenSize, turnedBy: turn)
  }

  /// The tensors outside the blocks that a rotation changes; empty without one.
  ///
  /// The head is among them even where it is tied to the embedding, since only one of the two takes up
  /// the final norm.
  package var rotatedTensors: [NamedShape] {
    guard rotation != nil else { return [] }
    let names = [
      (declaration.embedding, declaration.embedding), (declaration.head, declaration.headModule),
      (declaration.finalNorm.name, declaration.finalNorm.name),
    ]
    return names.compactMap { source, name in
      folder.tensor("\(source).weight").map {
        NamedShape("\(name).weight", $0.shape.type, $0.shape.dimensions)
      }
    }
  }

  /// Passes on the tensors of ``rotatedTensors``, one at a time.
  package func forEachRotatedTensor(
    _ use: (_ name: String, _ bytes: [UInt8]) throws -> Void
  ) throws {
    guard rotation != nil else { return }
    try use("\(declaration.embedding).weight", try embedding().bytes())
    try use("\(declaration.headModule).weight", try head().bytes())
    for tensor in try finalNorm().tensors { try use(tensor.name, tensor.bytes) }
  }

  /// Whether the output needs a head of its own where the source shares the embedding's.
  package var untiesHead: Bool { rotation != nil && declaration.head == declaration.embedding }
}

extension ModelDeclaration {
  /// The shape of the embedding, read as a Linear.
  fileprivate var embeddingShape: LinearShape {
    LinearShape(name: embedding, rows: vocabularySize, columns: hiddenSize)
  }
}
