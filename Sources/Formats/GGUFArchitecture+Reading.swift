public import Checkpoint
internal import JSON

// A GGUF file as the model folder that it was made from: names, order of rows, configuration and tokenizer.

extension ModelFolder {
  /// Opens a model folder or a GGUF file.
  ///
  /// - Throws: ``CheckpointError`` if it is neither, or contradicts itself.
  public init(opening path: String) throws(CheckpointError) {
    self =
      GGUFFile.isOne(path) ? try ModelFolder(GGUFFile(path: path)) : try ModelFolder(path: path)
  }

  /// The model in a GGUF file.
  ///
  /// - Throws: ``CheckpointError`` for an architecture, a tensor or a tokenizer that is not known.
  init(_ file: GGUFFile) throws(CheckpointError) {
    let architecture = try GGUFArchitecture(file)
    var tensors: [TensorReference] = []
    var types = JSONObject()
    let rotation = [
      RotaryStatement.tensor, PhiStatement.divisors.short, PhiStatement.divisors.long,
    ]
    for entry in file.entries where !rotation.contains(entry.name) {
      let parts = try architecture.parts(of: entry, in: file)
      let order = architecture.rowOrder(of: entry.name, rows: entry.dimensions[0])
      let offset = architecture.offset(of: entry.name)
      guard offset == 0 || entry.type == .float32 else {
        throw .tensor(
          name: entry.name, path: file.file.path, reason: "is \(entry.type.name); F32 is needed")
      }
      for part in parts {
        if part.type.elementType == nil {
          types[String(part.name.dropLast(".weight".count))] = .string(part.type.name)
        }
        tensors.append(
          TensorReference(
            name: part.name, shape: try part.shape(in: file), in: file.file, at: part.range,
            rowOrder: order?.inverse, minus: offset))
      }
    }
    var configuration = try architecture.configuration(file)
    for name in ["bos", "eos"] {
      guard let id = file["tokenizer.ggml.\(name)_token_id"]?.int else { continue }
      configuration["\(name)_token_id"] = .number(JSONNumber(id))
    }
    if !types.isEmpty {
      configuration["quantization_config"] = [
        "quant_method": .string(GGUFFormat.method), "types": .object(types),
      ]
    }
    var files: [String: [UInt8]] = [:]
    if let tokenizer = try GGUFTokenizer.json(in: file) {
      files["tokenizer.json"] = tokenizer.bytes(.compact)
      files["tokenizer_config.json"] = GGUFTokenizer.settings(in: file).bytes(.pretty)
    }
    if case .bytes(let report)? = file[GGUFAssembly.reportKey] {
      files[GGUFAssembly.reportFile] = report
    }
    self.init(
      path: file.file.path, configuration: .object(configuration), tensors: tensors, files: files)
  }
}

extension GGUFArchitecture {
  /// A tensor of a file under its Hugging Face key, or one for each expert.
  ///
  /// - Throws: ``CheckpointError`` for a tensor that is not known, or one of other experts than the file claims.
  fileprivate func parts(
    of entry: GGUFFile.Entry, in file: GGUFFile
  ) throws(CheckpointError) -> [StoredMatrix] {
    let keys = keys(of: entry.name)
    guard let key = keys.first else {
      throw .tensor(
        name: entry.name, path: file.file.path,
        reason: "is not known in files of the architecture \(name)")
    }
    guard entry.name.contains("_exps.") else {
      let isGate = entry.name.hasSuffix("ffn_gate_inp_shexp.weight") && entry.dimensions.count == 1
      let dimensions = (isGate ? [1] : []) + entry.dimensions
      return [
        StoredMatrix(name: key, type: entry.type, dimensions: dimensions, range: entry.range)
      ]
    }
    // ggml drops an outer axis of one.
    let dimensions =
      experts == 1 && entry.dimensions.count == 2 ? [1] + entry.dimensions : entry.dimensions
    guard dimensions.count == 3, dimensions[0] == experts else {
      throw .tensor(
        name: entry.name, path: file.file.path,
        reason: "has the shape \(entry.dimensions), not that of \(experts) matrices")
    }
    let size = entry.range.count / experts
    return keys.enumerated().map { expert, key in
      let start = entry.range.lowerBound + expert * size
      return StoredMatrix(
        name: key, type: entry.type, dimensions: Array(dimensions.dropFirst()),
        range: start..<start + size)
    }
  }
}

/// A tensor of a file, or what one expert has of it.
private struct StoredMatrix {
  /// The Hugging Face key.
  let name: String
  let type: GGUFType
  let dimensions: [Int]
  let range: Range<Int>

  /// The shape of the tensor that holds these elements in a folder: blocks are bytes.
  func shape(in file: GGUFFile) throws(CheckpointError) -> TensorShape {
    if let type = type.elementType { return TensorShape(type, dimensions) }
    guard dimensions.count == 2, let count = type.byteCount(ofRow: dimensions[1]) else {
      throw .tensor(
        name: name, path: file.file.path,
        reason: "is \(type.name) of shape \(dimensions), where a matrix is needed")
    }
    return TensorShape(.uint8, [dimensions[0], count])
  }
}

extension [Int] {
  /// Where each place went: the inverse of an order.
  fileprivate var inverse: [Int] {
    var result = [Int](repeating: 0, count: count)
    for (place, source) in enumerated() { result[source] = place }
    return result
  }
}
