internal import Checkpoint
internal import LinearAlgebra

// What the tensors of a file are made of.

extension GGUFAssembly {
  /// The matrices of all experts as one tensor.
  ///
  /// - Throws: ``CheckpointError`` where one is missing, or has another type or shape than the first.
  func part(
    stacking experts: [Int: ModelFolder.TensorReference], as name: String, of folder: ModelFolder
  ) throws(CheckpointError) -> Part {
    func one(_ expert: Int) throws(CheckpointError) -> ModelFolder.TensorReference {
      if let reference = experts[expert] { return reference }
      throw .tensor(
        name: name, path: folder.path,
        reason: "lacks expert \(expert); GGUF files have all experts of a block in one tensor")
    }
    let first = try Self.tensor(name, one(0), in: folder)
    var references: [ModelFolder.TensorReference] = []
    for expert in 0..<architecture.experts {
      let reference = try one(expert)
      let tensor = try Self.tensor(name, reference, in: folder)
      guard tensor.type == first.type, tensor.dimensions == first.dimensions,
        tensor.dimensions.count == 2
      else {
        throw .tensor(
          name: reference.name, path: reference.path,
          reason: "is \(tensor.type.name) of shape \(tensor.dimensions), and that of expert 0 is "
            + "\(first.type.name) of shape \(first.dimensions); GGUF files have all experts of a block in one "
            + "tensor")
      }
      references.append(reference)
    }
    return Part(
      tensor: GGUFTensor(name, first.type, [references.count] + first.dimensions),
      source: .stored(references, rows: nil, plus: 0))
  }

  /// How a tensor of a folder is stored: blocks as they are, matrices of floats too, vectors and routers in 32 bits.
  static func tensor(
    _ name: String, _ reference: ModelFolder.TensorReference, in folder: ModelFolder
  ) throws(CheckpointError) -> GGUFTensor {
    let (type, dimensions) = (reference.shape.type, reference.shape.dimensions)
    if dimensions.count == 1, type.floatFormat != nil {
      return GGUFTensor(name, .float32, dimensions)
    }
    if name.contains(".ffn_gate_inp"), dimensions.count == 2, type.floatFormat != nil {
      // The gate of a shared expert is one row.
      let isVector = name.hasSuffix("_shexp.weight") && dimensions[0] == 1
      return GGUFTensor(name, .float32, isVector ? [dimensions[1]] : dimensions)
    }
    if let plain = GGUFType.allCases.first(where: { $0.elementType == type }), dimensions.count == 2
    {
      return GGUFTensor(name, plain, dimensions)
    }
    guard type == .uint8, dimensions.count == 2, let configuration = folder.quantization else {
      throw .tensor(
        name: reference.name, path: reference.path,
        reason: "is \(type.rawValue) of shape \(dimensions), which GGUF files do not hold")
    }
    let linear = String(reference.name.dropLast(".weight".count))
    let blocks = try GGUFFormat.type(of: linear, in: folder, configuration)
    return GGUFTensor(
      name, blocks, [dimensions[0], dimensions[1] / blocks.blockByteCount * blocks.blockLength])
  }
}

extension GGUFAssembly.Part {
  /// The bytes of the elements.
  var elements: [UInt8] {
    switch source {
    case .made(let values): FloatFormat.float32.encode(values)
    case .stored(let references, let rows, let offset):
      references.flatMap { elements(of: $0, rows, plus: offset) }
    }
  }

  private func elements(
    of reference: ModelFolder.TensorReference, _ rows: [Int]?, plus offset: Float
  ) -> [UInt8] {
    reference.withBytes { span in
      let bytes = unsafe span.withUnsafeBytes { unsafe [UInt8]($0) }
      let ordered = rows.map { bytes.reordered(by: $0) } ?? bytes
      guard tensor.type == .float32, let format = reference.shape.type.floatFormat,
        format != .float32 || offset != 0
      else { return ordered }
      // Safety: bytes have no padding.
      let values = unsafe format.decode(ordered.span.bytes)
      return FloatFormat.float32.encode(values.map { $0 + offset })
    }
  }
}

extension [UInt8] {
  /// Rows of equal length, of which the first is row `order[0]` of these, and so on.
  func reordered(by order: [Int]) -> [UInt8] {
    let length = count / Swift.max(1, order.count)
    return order.flatMap { self[$0 * length..<($0 + 1) * length] }
  }
}
