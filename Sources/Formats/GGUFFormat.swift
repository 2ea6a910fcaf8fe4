// One file for llama.cpp and what is built on it. Until a run is done its result is a folder, in which each
// matrix is a tensor of the blocks that the file will have:
//
//   P.weight   uint8   [out, bytes of a row]
//
// `GGUFAssembly` makes the file of it.

public import Checkpoint
public import JSON
public import LinearAlgebra
public import Quantizer

/// GGUF: the types of llama.cpp, mixed as it mixes them.
public struct GGUFFormat: CheckpointFormat {
  /// The types of the tensors.
  public let mixture: GGUFMixture

  /// The type of all tensors, in place of the mixture's.
  private let only: GGUFType?

  /// The format with given types.
  public init(_ mixture: GGUFMixture = .q4KM) { (self.mixture, only) = (mixture, nil) }

  /// The format for tensors of one type, in a file of other types.
  private init(_ mixture: GGUFMixture, only type: GGUFType) {
    (self.mixture, only) = (mixture, type)
  }

  /// The name of the format, as commands and reports spell it.
  public let name = "gguf"

  /// One line of help.
  public let summary = "one file for llama.cpp, with the types of --type"

  /// The smallest zero point that can be stored, as an offset.
  public let smallestZeroPoint = 0

  /// Some types have one for each group.
  public let storesOffsets = true

  /// Tensors may have types of their own.
  public let holdsSeveralSchemes = true

  /// In the type that the mixture has for it.
  public let holdsHead = true

  /// None beside the file.
  public let configurationFile: String? = nil

  /// What the configuration of the folder is called from which the file is made.
  static let method = "gguf"

  /// fp16, whatever the weights have.
  public func scaleFormat(for weights: FloatFormat) -> FloatFormat { .float16 }

  /// That of the mixture's most frequent type.
  public var standardScheme: Scheme? { (only ?? mixture.base).scheme }

  /// What the blocks of all types can hold.
  public func encoding(scales: FloatFormat) -> any GridEncoding { GGUFEncoding() }

  /// The type of a matrix, by the mixture, or the one that takes its place where rows are no whole blocks.
  ///
  /// - Throws: ``CheckpointError`` for an architecture of which no GGUF files are written.
  public func scheme(
    of linear: LinearShape, in folder: ModelFolder
  ) throws(CheckpointError) -> Scheme? {
    if let only { return only.fitting(linear.columns).scheme }
    let architecture = try GGUFArchitecture(of: folder)
    if let (role, block) = architecture.role(of: linear.name) {
      return mixture.type(
        of: role, block: block, of: architecture.blocks,
        queriesPerKey: architecture.heads / max(1, architecture.keyValueHeads),
        columns: linear.columns, experts: architecture.experts
      ).scheme
    }
    let makesLogits = architecture.isTied || linear.name.hasSuffix("lm_head")
    return mixture.typeOfTable(columns: linear.columns, makesLogits: makesLogits).scheme
  }

  /// The name of the mixture as well.
  public var label: String { "\(name) \(mixture.rawValue)" }

  /// The words for the mixtures.
  public var types: [String] { GGUFMixture.allCases.map(\.rawValue) }

  /// The format with another mixture.
  public func storing(type: String) -> (any CheckpointFormat)? {
    GGUFMixture(rawValue: type).map { GGUFFormat($0) }
  }

  /// The types of blocks.
  public var linearTypes: [String] {
    GGUFType.allCases.filter { $0.scheme != nil }.sorted { $0.bitsPerWeight < $1.bitsPerWeight }
      .map(\.name)
  }

  /// The format with one type.
  public func storing(linearType: String) -> (any CheckpointFormat)? {
    GGUFType.allCases.first { $0.name == linearType && $0.scheme != nil }
      .map { GGUFFormat(mixture, only: $0) }
  }

  /// All that is in the blocks, so that a budget is one for the file.
  public func budgetedBits(of linear: LinearShape, _ scheme: Scheme) -> Int {
    8 * linear.rows * (GGUFType(scheme)?.byteCount(ofRow: linear.columns) ?? 0)
  }

  /// The name of the type with a scheme.
  public func typeName(of scheme: Scheme) -> String? { GGUFType(scheme)?.name }

  /// The name of the tensor that holds the blocks.
  public func scaleTensor(of linear: String) -> String { "\(linear).weight" }

  /// The tensor of blocks, without its elements.
  ///
  /// - Precondition: some type has the scheme; ``EngineRules`` refuse all others.
  public func layout(
    of linear: LinearShape, _ scheme: LinearScheme, scales: FloatFormat
  ) -> [NamedShape] {
    guard let type = GGUFType(scheme.weights),
      let count = type.byteCount(ofRow: linear.columns)
    else { preconditionFailure("\(scheme.weights) of \(linear.columns) columns as gguf") }
    return [NamedShape("\(linear.name).weight", .uint8, [linear.rows, count])]
  }

  /// The blocks.
  public func encode(_ linear: QuantizedLinear, scales: FloatFormat) -> [[UInt8]] {
    guard let blocks = GGUFType(linear.weight.grid.scheme).flatMap(GGUFBlocks.init) else {
      preconditionFailure("\(linear.weight.grid.scheme) as gguf")
    }
    return [blocks.packed(linear.weight)]
  }

  /// The type of each matrix by its name.
  public func configuration(
    of scheme: LinearScheme, leaving selection: LinearSelection?, provenance: JSONValue
  ) -> JSONValue {
    configuration(
      of: [SchemeGroup(scheme, linears: [])], leaving: selection, provenance: provenance)
  }

  /// The type of each matrix by its name.
  public func configuration(
    of groups: [SchemeGroup], leaving selection: LinearSelection?, provenance: JSONValue
  ) -> JSONValue {
    let types = groups.flatMap { group in
      group.linears.map { linear in
        (linear, JSONValue.string(GGUFType(group.scheme.weights)?.name ?? ""))
      }
    }
    return ["quant_method": .string(Self.method), "types": .members(types), "meta": provenance]
  }

  /// Whether a configuration is that of a GGUF file, or of the folder from which one is made.
  public func recognizes(_ configuration: JSONValue) -> Bool {
    configuration["quant_method"] == .string(Self.method)
  }

  /// Reads a Linear back.
  ///
  /// - Throws: ``CheckpointError`` when its tensor contradicts the configuration.
  public func decode(
    _ linear: LinearShape, in folder: ModelFolder, _ configuration: JSONValue
  ) throws(CheckpointError) -> QuantizedLinear {
    let type = try Self.type(of: linear.name, in: folder, configuration)
    guard let blocks = GGUFBlocks(type), let count = type.byteCount(ofRow: linear.columns) else {
      throw .tensor(
        name: linear.name, path: folder.path,
        reason: "\(type.name) has no blocks that fill \(linear.columns) columns")
    }
    let tensor = try folder.tensor("\(linear.name).weight", dimensions: [linear.rows, count])
    let bytes = tensor.withBytes { span in unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } }
    let weight = blocks.unpacked(bytes, rows: linear.rows, columns: linear.columns)
    if let bad = weight.firstBadGroup {
      throw .tensor(
        name: tensor.name, path: tensor.path,
        reason: "has a scale or offset that is infinite or NaN in row \(bad)")
    }
    // Two bits may hold more than the levels of a type.
    let largest = weight.grid.scheme.largestCode
    if let bad = weight.codes.firstIndex(where: { $0 > largest }) {
      throw .tensor(
        name: tensor.name, path: tensor.path,
        reason:
          "has a code \(weight.codes[bad]) in row \(bad / linear.columns), of which \(type.name) "
          + "knows 0 to \(largest)")
    }
    return QuantizedLinear(weight)
  }

  /// The stated type of a matrix.
  static func type(
    of linear: String, in folder: ModelFolder, _ configuration: JSONValue
  ) throws(CheckpointError) -> GGUFType {
    let stated: String
    do throws(JSONError) {
      stated = try configuration.member("types").member(linear).string
    } catch {
      throw .json(path: folder.path, cause: error)
    }
    guard let type = GGUFType.allCases.first(where: { $0.name == stated }) else {
      throw .tensor(name: linear, path: folder.path, reason: "is of the unknown type \(stated)")
    }
    return type
  }
}

extension QuantizedWeight {
  /// The first row with a scale or offset that is no number; nil for none.
  fileprivate var firstBadGroup: Int? {
    zip(grid.scales.elements, grid.offsets.elements).enumerated()
      .first { !$1.0.isFinite || !$1.1.isFinite }.map { $0.offset / grid.groups }
  }
}
