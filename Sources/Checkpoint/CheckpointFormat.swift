public import JSON
public import LinearAlgebra
public import Quantizer

/// How a family of engines wants quantized Linears stored.
///
/// One conforming file each; joins ``CheckpointFormats/all``.
public protocol CheckpointFormat: Sendable {
  /// The word for it on the command line.
  var name: String { get }
  /// One line of help.
  var summary: String { get }
  /// The smallest zero point that can be stored.
  var smallestZeroPoint: Int { get }

  /// The format of stored scales, for weights that came in the given one.
  func scaleFormat(for weights: FloatFormat) -> FloatFormat

  /// What each engine makes of such a Linear: see ``EngineVerdict``.
  func verdicts(on linear: LinearShape, _ scheme: LinearScheme) -> [EngineVerdict]

  /// The tensors that a Linear will take, without their elements.
  func layout(of linear: LinearShape, _ scheme: LinearScheme, scales: FloatFormat) -> [NamedShape]

  /// The elements of those tensors, in the same order.
  func encode(_ linear: QuantizedLinear, scales: FloatFormat) -> [[UInt8]]

  /// The tensor that holds a Linear's scales.
  func scaleTensor(of linear: String) -> String

  /// The value of `quantization_config`.
  ///
  /// - Parameters:
  ///   - scheme: that of every quantized Linear.
  ///   - selection: which are quantized, where some Linears of the blocks are not.
  ///   - provenance: what a reader may want to know of the making.
  /// - Returns: the object.
  func configuration(
    of scheme: LinearScheme, leaving selection: LinearSelection?, provenance: JSONValue
  ) -> JSONValue

  /// The name of a file beside `config.json` that repeats the configuration, if readers want one.
  var configurationFile: String? { get }

  /// Whether a `quantization_config` is of this format.
  func recognizes(_ configuration: JSONValue) -> Bool

  /// Reads a Linear back.
  ///
  /// - Throws: ``CheckpointError`` when tensors are missing or do not fit the configuration.
  func decode(
    _ linear: LinearShape, in folder: ModelFolder, _ configuration: JSONValue
  ) throws(CheckpointError) -> QuantizedLinear
}

extension CheckpointFormat {
  /// The value of `quantization_config` where every Linear of the blocks is quantized.
  public func configuration(of scheme: LinearScheme, provenance: JSONValue) -> JSONValue {
    configuration(of: scheme, leaving: nil, provenance: provenance)
  }
}

/// The formats there are.
public enum CheckpointFormats {
  /// Every format, the default first.
  public static let all: [any CheckpointFormat] = [
    CompressedTensorsFormat(), GPTQFormat(), AWQFormat(),
  ]
}

extension [any CheckpointFormat] {
  /// The format that wrote a folder, or nil for a folder that is not quantized.
  ///
  /// - Throws: ``CheckpointError`` for a quantized folder of no known format.
  package func format(
    of folder: ModelFolder
  ) throws(CheckpointError) -> (any CheckpointFormat)? {
    guard let configuration = folder.configuration["quantization_config"],
      configuration != .null
    else { return nil }
    if let format = first(where: { $0.recognizes(configuration) }) { return format }
    let method = configuration["quant_method"].map { $0.text(.compact) } ?? "missing"
    throw .unsupported(
      path: "\(folder.path)/config.json",
      reason: "is quantized with quant_method \(method); this tool reads "
        + map(\.name).joined(separator: ", "))
  }
}

/// The name and shape of a Linear: weights are `[rows, columns]`, that is `[out, in]`.
public struct LinearShape: Sendable, Hashable {
  /// The Hugging Face key, without `.weight`.
  public let name: String
  /// The number of outputs.
  public let rows: Int
  /// The number of inputs.
  public let columns: Int

  /// A name and shape.
  public init(name: String, rows: Int, columns: Int) {
    self.name = name
    self.rows = rows
    self.columns = columns
  }
}

/// A tensor to be stored, without its elements.
public struct NamedShape: Sendable, Equatable {
  /// The name of the tensor.
  public let name: String
  /// Its type and shape.
  public let shape: TensorShape

  /// A name, type and shape.
  public init(_ name: String, _ type: TensorType, _ dimensions: [Int]) {
    self.name = name
    shape = TensorShape(type, dimensions)
  }
}

/// Whether an engine loads a Linear, and if not, why, and what it would load.
public struct EngineVerdict: Sendable, Hashable {
  /// The engine.
  public let engine: String
  /// Why it does not load it as it is; nil when it does.
  public let objection: String?
  /// Whether a setting or an extension of the engine overcomes the objection.
  public let isConditional: Bool

  /// A verdict.
  public init(_ engine: String, objection: String? = nil, isConditional: Bool = false) {
    self.engine = engine
    self.objection = objection
    self.isConditional = isConditional
  }

  /// Whether the engine does not load it, whatever one does.
  public var isRefusal: Bool { objection != nil && !isConditional }
}
