package import Checkpoint
package import Formats
internal import LinearAlgebra
internal import Quantizer

// What stands outside the blocks: embedding, final norm and head, rotated if the model is.

extension LanguageModel {
  /// The token embedding, `[vocabulary, hidden]`, without its factor.
  func embedding() throws(CheckpointError) -> SlabMatrix {
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
    if let quantized = try quantizedLinear(headShape) {
      return SlabMatrix(quantized.dequantized(), name: declaration.head, path: folder.path)
    }
    // The rotated head takes up the gain of the norm in front of it.
    let gain = rotation == nil ? [] : try folder.norm(declaration.finalNorm).gain
    return try table(declaration.head, rotation.map { (gain, $0.stream) })
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
