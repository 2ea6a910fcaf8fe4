// The layout of AutoGPTQ and gptqmodel, checkpoint_format "gptq" (v1). For a Linear P with weights
// [out, in], b bits, G groups in a row, everything transposed:
//
//   P.qweight  int32   [in·b/32, out]   codes along each column, that is along the inputs
//   P.qzeros   int32   [G, out·b/32]    zero points MINUS ONE along each row
//   P.scales   float16 [G, out]
//   P.g_idx    int32   [in]             the group of each input; always written, because
//                                       transformers computes wrong results without it

public import Checkpoint
public import JSON
public import LinearAlgebra
public import Quantizer

/// GPTQ, version 1: 2, 3, 4 and 8 bits.
public struct GPTQFormat: CheckpointFormat {
  /// The format; it has no options.
  public init() {}

  /// The name of the format, as commands and reports spell it.
  public let name = "gptq"

  /// One line of help.
  public let summary = "AutoGPTQ's and gptqmodel's layout (v1 zero points), for vLLM and others"

  /// A zero point of 0 would be stored as −1, which some readers let borrow from the next code.
  public let smallestZeroPoint = 1

  /// The name of a file that repeats the configuration, where readers look for one.
  public let configurationFile: String? = "quantize_config.json"

  /// A Linear like others, which `lm_head` announces.
  public let holdsHead = true

  /// In `g_idx`, with `desc_act`.
  public let holdsScatteredGroups = true

  /// Always binary16: readers expect nothing else.
  public func scaleFormat(for weights: FloatFormat) -> FloatFormat { .float16 }

  /// The name of the tensor that holds a Linear's scales.
  public func scaleTensor(of linear: String) -> String { "\(linear).scales" }

  /// The tensors that store a Linear, without their elements.
  public func layout(
    of linear: LinearShape, _ scheme: LinearScheme, scales: FloatFormat
  ) -> [NamedShape] {
    let (rows, columns, bits) = (linear.rows, linear.columns, scheme.weights.bits)
    let groups = columns / scheme.weights.storedGroupSize(columns: columns)
    return [
      NamedShape(
        "\(linear.name).qweight", .int32,
        [PackedCodes.wordCount(of: columns, bits: bits), rows]),
      NamedShape(
        "\(linear.name).qzeros", .int32, [groups, PackedCodes.wordCount(of: rows, bits: bits)]),
      NamedShape(scaleTensor(of: linear.name), TensorType(scales), [groups, rows]),
      NamedShape("\(linear.name).g_idx", .int32, [columns]),
    ]
  }

  /// The elements of those tensors, in the same order.
  public func encode(_ linear: QuantizedLinear, scales: FloatFormat) -> [[UInt8]] {
    let weight = linear.weight
    let (rows, columns, grid) = (weight.rows, weight.columns, weight.grid)
    let bits = grid.scheme.bits
    let codes = PackedCodes(weight.codes, rows: rows, columns: columns, bits: bits, .alongRows)
    let zeros = PackedCodes(
      grid.zeroPoints.map { $0 - 1 }, rows: rows, columns: grid.groups, bits: bits, .alongColumns)
    return [
      littleEndian(codes.transposedWords), littleEndian(zeros.transposedWords),
      scales.encode(grid.scales.transposed.elements),
      littleEndian((0..<columns).map { Int32(grid.group(of: $0)) }),
    ]
  }

  /// The value of `quantization_config`.
  ///
  /// Which Linears stay in floating point is stated twice: as rules, the only form that gptqmodel
  /// reads, and as a list of what is quantized, the only form that transformers reads.
  public func configuration(
    of scheme: LinearScheme, leaving selection: LinearSelection?, provenance: JSONValue
  ) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("quant_method", "gptq"), ("bits", .number(JSONNumber(scheme.weights.bits))),
      ("group_size", .number(JSONNumber(scheme.weights.statedGroupSize))),
      ("sym", .bool(scheme.weights.isSymmetric)),
      // Act-order with static groups needs no reordering at run time: g_idx is trivial.
      ("desc_act", .bool(scheme.scattersGroups)), ("static_groups", .bool(!scheme.scattersGroups)),
      ("true_sequential", true), ("lm_head", .bool(selection?.head != nil)),
      ("checkpoint_format", "gptq"), ("pack_dtype", "int32"),
    ]
    // The head is announced by itself, and is in no block.
    if let selection, !selection.dense.isEmpty || !selection.foreign.isEmpty {
      let rules = selection.dense.map { name -> (String, JSONValue) in
        ("-:^\(name.replacing(".", with: #"\."#))$", [:])
      }
      members.append(("dynamic", .members(rules)))
      members.append(
        (
          "modules_in_block_to_quantize",
          .array([.strings(selection.quantized.filter { $0 != selection.head })])
        ))
    }
    return .members(members + [("meta", provenance)])
  }

  /// Whether a `quantization_config` describes this format.
  public func recognizes(_ configuration: JSONValue) -> Bool {
    configuration["quant_method"] == "gptq"
  }

  /// Reads a Linear back.
  ///
  /// - Throws: ``CheckpointError`` when tensors are missing or contradict the configuration.
  public func decode(
    _ linear: LinearShape, in folder: ModelFolder, _ configuration: JSONValue
  ) throws(CheckpointError) -> QuantizedLinear {
    let (rows, columns) = (linear.rows, linear.columns)
    let scaleName = scaleTensor(of: linear.name)
    let stated = try GPTQStatement(configuration, of: linear.name, in: folder)
    let stored = try folder.groups(
      of: linear, scaleName, axis: 0, size: stated.groupSize, map: "\(linear.name).g_idx")
    let scheme = try folder.scheme(
      stated.bits, symmetric: stated.isSymmetric, stored.granularity)
    let (bits, groups) = (scheme.bits, stored.count)
    let codes = try folder.packedCodes(
      "\(linear.name).qweight", [PackedCodes.wordCount(of: columns, bits: bits), rows])
    let zeros = try folder.packedCodes(
      "\(linear.name).qzeros", [groups, PackedCodes.wordCount(of: rows, bits: bits)])
    let scales = try folder.matrix(scaleName, rows: groups, columns: rows)
    let offset: UInt8 = stated.isSecondVersion ? 0 : 1
    let grid = Grid(
      scheme: scheme, groupSize: stored.size, scales: scales.transposed,
      zeroPoints: zeros.unpackedTransposed(rows: rows, columns: groups, bits: bits, .alongColumns)
        .map { ($0 &+ offset) & UInt8(scheme.largestCode) }, columnGroups: stored.columns)
    return QuantizedLinear(
      QuantizedWeight(
        rows: rows, columns: columns, grid: grid,
        codes: codes.unpackedTransposed(rows: rows, columns: columns, bits: bits, .alongRows)))
  }
}

extension PackedCodes {
  /// The words column by column: the words of the transposed matrix of codes.
  fileprivate var transposedWords: [UInt32] {
    (0..<wordColumns).flatMap { column in
      (0..<wordRows).map { words[$0 * wordColumns + column] }
    }
  }

  /// Unpacks words that are stored column by column.
  fileprivate func unpackedTransposed(
    rows: Int, columns: Int, bits: Int, _ direction: Direction
  ) -> [UInt8] {
    PackedCodes(wordRows: wordColumns, wordColumns: wordRows, words: transposedWords)
      .unpacked(rows: rows, columns: columns, bits: bits, direction)
  }
}
