// The "gemm" layout of AutoAWQ, which vLLM and (through gptqmodel) transformers read. For a Linear P
// with weights [out, in], always 4 bits, G groups in a row, everything transposed:
//
//   P.qweight  int32   [in, out/8]   codes along the outputs
//   P.qzeros   int32   [G, out/8]    zero points, as they are
//   P.scales   float16 [G, out]
//
// Nibble p of a word, lowest bits first, holds the word's output 0, 2, 4, 6, 1, 3, 5, 7 [p].

public import Checkpoint
public import JSON
public import LinearAlgebra
public import Quantizer

/// AWQ, version gemm: 4 bits, by group or by row.
///
/// A symmetric grid is stored with the zero point 8.
public struct AWQFormat: CheckpointFormat {
  /// The format; it has no options.
  public init() {}

  /// The name of the format, as commands and reports spell it.
  public let name = "awq"

  /// One line of help.
  public let summary = "AutoAWQ's layout (gemm, 4 bits), for vLLM and transformers"

  /// The smallest zero point that can be stored.
  public let smallestZeroPoint = 0

  /// The name of a file that repeats the configuration, where readers look for one.
  public let configurationFile: String? = nil

  /// Always binary16: readers expect nothing else.
  public func scaleFormat(for weights: FloatFormat) -> FloatFormat { .float16 }

  /// The name of the tensor that holds a Linear's scales.
  public func scaleTensor(of linear: String) -> String { "\(linear).scales" }

  /// The tensors that store a Linear, without their elements.
  public func layout(
    of linear: LinearShape, _ scheme: LinearScheme, scales: FloatFormat
  ) -> [NamedShape] {
    let groups = linear.columns / scheme.weights.storedGroupSize(columns: linear.columns)
    return [
      NamedShape("\(linear.name).qweight", .int32, [linear.columns, linear.rows / 8]),
      NamedShape("\(linear.name).qzeros", .int32, [groups, linear.rows / 8]),
      NamedShape(scaleTensor(of: linear.name), TensorType(scales), [groups, linear.rows]),
    ]
  }

  /// The elements of those tensors, in the same order.
  public func encode(_ linear: QuantizedLinear, scales: FloatFormat) -> [[UInt8]] {
    let (weight, grid) = (linear.weight, linear.weight.grid)
    let codes = Self.words(weight.codes, rows: weight.rows, columns: weight.columns)
    let zeros = Self.words(grid.zeroPoints, rows: weight.rows, columns: grid.groups)
    return [
      littleEndian(codes), littleEndian(zeros), scales.encode(grid.scales.transposed.elements),
    ]
  }

  /// The value of `quantization_config`.
  ///
  /// A list of unquantized modules is needed only where some Linears of the blocks are among them:
  /// otherwise vLLM sees from the tensors which Linears are quantized, and transformers leaves out
  /// the head by itself. The list has whole names, because engines look for each entry anywhere in
  /// the name of a module.
  public func configuration(
    of scheme: LinearScheme, leaving selection: LinearSelection?, provenance: JSONValue
  ) -> JSONValue {
    let dense = selection.map { JSONValue.strings($0.dense + $0.foreign + ["lm_head"]) }
    return [
      "quant_method": "awq", "bits": 4,
      "group_size": .number(JSONNumber(scheme.weights.statedGroupSize)), "zero_point": true,
      "version": "gemm", "modules_to_not_convert": dense ?? .null, "meta": provenance,
    ]
  }

  /// Whether a `quantization_config` describes this format.
  public func recognizes(_ configuration: JSONValue) -> Bool {
    configuration["quant_method"] == "awq"
  }

  /// Reads a Linear back.
  ///
  /// Its scheme is symmetric when all zero points are 8.
  ///
  /// - Throws: ``CheckpointError`` when tensors are missing or contradict the configuration.
  public func decode(
    _ linear: LinearShape, in folder: ModelFolder, _ configuration: JSONValue
  ) throws(CheckpointError) -> QuantizedLinear {
    let (rows, columns) = (linear.rows, linear.columns)
    let size = try groupSize(configuration, folder)
    guard rows % 8 == 0 else {
      throw .tensor(
        name: "\(linear.name).qweight", path: folder.path,
        reason: "the output width \(rows) does not fill words of eight codes, as AWQ needs")
    }
    let scales = scaleTensor(of: linear.name)
    let stored = try folder.groups(of: linear, scales, axis: 0, size: size)
    let groups = stored.count
    let words = try folder.packedCodes("\(linear.name).qweight", [columns, rows / 8]).words
    let zeroWords = try folder.packedCodes("\(linear.name).qzeros", [groups, rows / 8]).words
    let zeros = Self.codes(zeroWords, rows: rows, columns: groups)
    // gptqmodel stores the middle code where its configuration says that there are no zero points.
    guard configuration["zero_point"] != false || zeros.allSatisfy({ $0 == 8 }) else {
      throw .tensor(
        name: "\(linear.name).qzeros", path: folder.path,
        reason: "has zero points other than 8, although zero_point is false")
    }
    let scheme = try folder.scheme(4, symmetric: zeros.allSatisfy { $0 == 8 }, stored.granularity)
    let grid = Grid(
      scheme: scheme, groupSize: stored.size,
      scales: try folder.matrix(scales, rows: groups, columns: rows).transposed,
      zeroPoints: zeros, columnGroups: stored.columns)
    return QuantizedLinear(
      QuantizedWeight(
        rows: rows, columns: columns, grid: grid,
        codes: Self.codes(words, rows: rows, columns: columns)))
  }

  /// Checks a configuration that AutoAWQ or llm-awq wrote, and returns its group size; nil for whole rows.
  private func groupSize(
    _ configuration: JSONValue, _ folder: ModelFolder
  ) throws(CheckpointError) -> Int? {
    let path = "\(folder.path)/config.json"
    do throws(JSONError) {
      let bits = try configuration.member(spelled: "bits", "w_bit").int
      let version = try configuration.optionalMember("version")?.string ?? "gemm"
      guard bits == 4 else {
        throw .wrongKind(path: "bits", expected: "4 bits for AWQ", found: "\(bits) bits")
      }
      guard version.lowercased() == "gemm" else {
        throw .wrongKind(
          path: "version",
          expected: "gemm, the only AWQ layout that is read; save the model as "
            + "gemm, or start from the original", found: version)
      }
      let size = try configuration.member(spelled: "group_size", "q_group_size").int
      return size == -1 ? nil : size
    } catch {
      throw .json(path: path, cause: error)
    }
  }

  /// The nibble of a word that holds its i-th output.
  private static let nibbles = [0, 4, 1, 5, 2, 6, 3, 7]

  /// The words `[columns, rows/8]` that hold codes `[rows, columns]`.
  ///
  /// - Precondition: `rows` is a multiple of 8; ``EngineRules`` refuse all others.
  private static func words(_ codes: [UInt8], rows: Int, columns: Int) -> [UInt32] {
    precondition(rows % 8 == 0, "\(rows) outputs do not fill words of 8 codes")
    var words = [UInt32](repeating: 0, count: columns * rows / 8)
    for row in 0..<rows {
      let shift = UInt32(4 * nibbles[row % 8])
      for column in 0..<columns {
        words[column * rows / 8 + row / 8] |= UInt32(codes[row * columns + column]) << shift
      }
    }
    return words
  }

  /// The codes `[rows, columns]` held by words `[columns, rows/8]`.
  private static func codes(_ words: [UInt32], rows: Int, columns: Int) -> [UInt8] {
    var codes = [UInt8](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      let shift = UInt32(4 * nibbles[row % 8])
      for column in 0..<columns {
        codes[row * columns + column] = UInt8(words[column * rows / 8 + row / 8] >> shift & 15)
      }
    }
    return codes
  }
}

extension JSONValue {
  /// The member of the first name, or if there is none, of the second.
  fileprivate func member(spelled name: String, _ other: String) throws(JSONError) -> JSONField {
    if let field = try optionalMember(other), self[name] == nil { return field }
    return try member(name)
  }
}
