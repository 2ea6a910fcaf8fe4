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

  /// The format with given types.
  public init(_ mixture: GGUFMixture = .q4KM) { self.mixture = mixture }

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
  public var standardScheme: Scheme? { mixture.base.scheme }

  /// What the blocks of all types can hold.
  public func encoding(scales: FloatFormat) -> any GridEncoding { GGUFEncoding() }

  /// The type of a matrix, by the mixture.
  ///
  /// - Throws: ``CheckpointError`` for an architecture of which no GGUF files are written.
  public func scheme(
    of linear: LinearShape, in folder: ModelFolder
  ) throws(CheckpointError) -> Scheme? {
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

  /// The name of the type with a scheme.
  public func typeName(of scheme: Scheme) -> String? { GGUFType(scheme)?.name }

  /// Checks that a file of the model can be made, so that no run is for nothing.
  ///
  /// - Throws: ``CheckpointError`` for what cannot be stored.
  public func check(_ folder: ModelFolder) throws(CheckpointError) {
    _ = try GGUFAssembly(of: folder, named: "", mixture)
  }

  /// Checks that a file can be made of some Linears of a model in blocks, and tensors that stay as they are.
  ///
  /// - Throws: ``CheckpointError`` for what cannot be stored.
  package func check(
    _ folder: ModelFolder, storing linears: [String], beside copied: [ModelFolder.TensorReference]
  ) throws(CheckpointError) {
    let assembly = try GGUFAssembly(of: folder, named: "", mixture, tensors: copied)
    for linear in linears { _ = try assembly.location(of: "\(linear).weight", in: folder) }
  }

  /// Linears by the tensors that they will be in: each in one of its own, or all experts of a block together.
  ///
  /// - Throws: ``CheckpointError`` for an architecture of which no GGUF files are written.
  package func stacks(
    of linears: [LinearShape], in folder: ModelFolder
  ) throws(CheckpointError) -> [[LinearShape]] {
    let architecture = try GGUFArchitecture(of: folder)
    var (stacks, positions) = ([[LinearShape]](), [String: Int]())
    for linear in linears {
      let place = architecture.location(of: "\(linear.name).weight")
      if let place, place.expert != nil, let position = positions[place.name] {
        stacks[position].append(linear)
      } else {
        if let place { positions[place.name] = stacks.count }
        stacks.append([linear])
      }
    }
    return stacks
  }

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

  /// The result is a file.
  public let isFile = true

  /// Writes the file.
  public func writeFile(
    _ path: String, of folder: ModelFolder, named name: String, made: JSONValue
  ) throws(CheckpointError) {
    try GGUFAssembly(of: folder, named: name, mixture).write(to: path, made: made)
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
