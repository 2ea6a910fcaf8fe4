internal import Checkpoint
internal import JSON
internal import LinearAlgebra
internal import Quantizer

/// What bitsandbytes writes beside the codes of a Linear, as JSON in a tensor of bytes.
///
///     {"quant_type": "nf4", "blocksize": 64, "dtype": "bfloat16", "shape": [576, 1536],
///      "nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": 0.0123}
struct BitsAndBytesState: Equatable {
  let type: BitsAndBytesType
  /// The columns that share a scale.
  let blockLength: Int
  /// The type of the weights, to which readers decode.
  let weights: FloatFormat
  let rows: Int
  let columns: Int
  /// The mean of the scales where they are nested, else 0.
  var offset: Float = 0

  /// The bytes of the tensor, however long the number in it is.
  var byteCount: Int { json(offset: "").count + Self.longestNumber }

  /// The contents of the tensor, filled up with spaces, which JSON allows.
  var bytes: [UInt8] {
    let text = json(offset: "\(offset)")
    return text + [UInt8](repeating: UInt8(ascii: " "), count: byteCount - text.count)
  }

  /// No float32 takes more digits, sign and exponent.
  private static let longestNumber = 16

  private func json(offset: String) -> [UInt8] {
    let nested =
      type.isNested
      ? #", "nested_blocksize": \#(NestedScales.blockLength), "nested_dtype": "float32", "nested_offset": \#(offset)"#
      : ""
    return Array(
      #"{"quant_type": "\#(type.table.name)", "blocksize": \#(blockLength), "dtype": "\#(Self.names[weights] ?? "")", "#
        .utf8) + Array(#""shape": [\#(rows), \#(columns)]\#(nested)}"#.utf8)
  }

  private static let names: [FloatFormat: String] = [
    .float32: "float32", .float16: "float16", .bfloat16: "bfloat16",
  ]
}

extension BitsAndBytesState {
  /// Reads the state of a Linear.
  ///
  /// - Throws: ``CheckpointError`` for one that is missing, that is no JSON, or that does not fit the Linear.
  init(of linear: LinearShape, in folder: ModelFolder) throws(CheckpointError) {
    let names = [LevelTable.nf4, .fp4].map { Self.tensorName(of: linear.name, $0) }
    guard let tensor = names.lazy.compactMap(folder.tensor).first else {
      throw .missingTensor(name: names[0], folder: folder.path)
    }
    guard tensor.shape.type == .uint8 else {
      throw .tensor(
        name: tensor.name, path: tensor.path,
        reason: "has type \(tensor.shape.type.rawValue); U8 is needed")
    }
    let bytes = tensor.withBytes { span in unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } }
    do throws(JSONError) {
      try self.init(JSONValue(parsing: bytes).field, of: linear)
    } catch {
      throw .json(path: "\(tensor.path), tensor \(tensor.name)", cause: error)
    }
  }

  /// The name of the tensor that holds the state.
  static func tensorName(of linear: String, _ table: LevelTable) -> String {
    "\(linear).weight.quant_state.bitsandbytes__\(table.name)"
  }

  private init(_ json: JSONField, of linear: LinearShape) throws(JSONError) {
    let isNested = try json.optionalMember("nested_blocksize") != nil
    let name = try json.member("quant_type").string
    let found = BitsAndBytesType.allCases.first {
      $0.table.name == name && $0.isNested == isNested
    }
    guard let found else {
      throw .wrongKind(path: "quant_type", expected: "nf4 or fp4", found: name)
    }
    let dtype = try json.member("dtype").string
    guard let format = Self.names.first(where: { $0.value == dtype })?.key else {
      throw .wrongKind(path: "dtype", expected: "float32, float16 or bfloat16", found: dtype)
    }
    (type, weights, rows, columns) = (found, format, linear.rows, linear.columns)
    blockLength = try json.member("blocksize").int
    let shape = try json.member("shape").ints
    guard shape == [rows, columns] else {
      throw .wrongKind(
        path: "shape", expected: "[\(rows), \(columns)], as config.json has it", found: "\(shape)")
    }
    guard blockLength > 0, columns % blockLength == 0, blockLength % 2 == 0 else {
      throw .wrongKind(
        path: "blocksize", expected: "an even number of columns that fills rows of \(columns)",
        found: "\(blockLength)")
    }
    guard isNested else { return }
    let nested = try json.member("nested_blocksize").int
    guard nested == NestedScales.blockLength else {
      throw .wrongKind(
        path: "nested_blocksize", expected: "\(NestedScales.blockLength)", found: "\(nested)")
    }
    offset = Float(try json.member("nested_offset").double)
    guard offset.isFinite else {
      throw .wrongKind(path: "nested_offset", expected: "a float32", found: "\(offset)")
    }
  }
}
