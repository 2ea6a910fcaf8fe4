public import Checkpoint
public import JSON
public import LinearAlgebra
public import Quantizer

/// A codec: how one quantized Linear becomes named tensors, and is read back from them.
///
/// Each format is one conforming type in a file of its own, listed in ``CheckpointFormats/all``. What
/// engines do with the result is not the codec's business: see ``EngineRules``.
public protocol CheckpointFormat: Sendable {
  /// The name of the format, as commands and reports spell it.
  var name: String { get }
  /// One line of help.
  var summary: String { get }
  /// The smallest zero point that can be stored.
  var smallestZeroPoint: Int { get }
  /// Whether each group has a floating-point offset in place of an integer zero point.
  var storesOffsets: Bool { get }

  /// The type in which scales are stored when the weights had the given type.
  func scaleFormat(for weights: FloatFormat) -> FloatFormat

  /// What the format can store of a grid whose scales have the given type.
  func encoding(scales: FloatFormat) -> any GridEncoding

  /// The tensors that store a Linear, without their elements.
  func layout(of linear: LinearShape, _ scheme: LinearScheme, scales: FloatFormat) -> [NamedShape]

  /// The elements of those tensors, in the same order.
  ///
  /// - Precondition: the format stores the Linear's scheme; ``EngineRules`` refuse all others.
  func encode(_ linear: QuantizedLinear, scales: FloatFormat) -> [[UInt8]]

  /// The name of the tensor that holds a Linear's scales.
  func scaleTensor(of linear: String) -> String

  /// What the format can store of a grid of one scheme among several.
  func encoding(of scheme: Scheme, scales: FloatFormat) -> any GridEncoding

  /// The number of bits of the embedding and the head, where readers of the format have them in integers; nil
  /// where both stay dense.
  var tableBits: Int? { get }

  /// The scheme of most Linears where the format decides that; nil where the run does.
  var standardScheme: Scheme? { get }

  /// How inputs are rounded where the format decides that; nil where the method does.
  var standardActivations: ActivationScheme? { get }

  /// Whether the head can be stored like any other Linear.
  var holdsHead: Bool { get }

  /// What is stored for a Linear or a table of a model where the format decides that; nil where the run does.
  ///
  /// - Throws: ``CheckpointError`` for a model that the format does not store.
  func scheme(of linear: LinearShape, in folder: ModelFolder) throws(CheckpointError) -> Scheme?

  /// The words for what the format has a choice of, its own way to store weights; none where the run decides that.
  var types: [String] { get }

  /// The format with another choice; nil for a word that it does not have.
  func storing(type: String) -> (any CheckpointFormat)?

  /// The words for how a single Linear may be stored beside others; none where all are stored in one way.
  var linearTypes: [String] { get }

  /// The format for a Linear that is stored in a way of its own; nil for a word that it does not have.
  func storing(linearType: String) -> (any CheckpointFormat)?

  /// Linears by the tensors that they share, which have one type; nil where each has its own, and what is stored
  /// alike is up to the engines.
  ///
  /// - Throws: ``CheckpointError`` for a model that the format does not store.
  func stacks(
    of linears: [LinearShape], in folder: ModelFolder
  ) throws(CheckpointError) -> [[LinearShape]]?

  /// The bits that a Linear takes of a budget.
  func budgetedBits(of linear: LinearShape, _ scheme: Scheme) -> Int

  /// What keys and values are rounded to in memory, with scales that are stored; nil for nothing.
  var cache: ActivationScheme.Number? { get }

  /// The format with scales of keys and values; nil where it has none.
  func storing(cache: ActivationScheme.Number) -> (any CheckpointFormat)?

  /// The name of the format, and of a choice that was made with it.
  var label: String { get }

  /// The format's own name for weights of a scheme; nil where it has none.
  func typeName(of scheme: Scheme) -> String?

  /// Checks that a model can be stored in the format.
  ///
  /// - Throws: ``CheckpointError`` for one that cannot.
  func check(_ folder: ModelFolder) throws(CheckpointError)

  /// Whether the result is one file, which ``writeFile(_:of:named:made:)`` makes of the folder in which it grew.
  var isFile: Bool { get }

  /// Writes the result as one file.
  ///
  /// - Parameters:
  ///   - path: the file to write.
  ///   - folder: what is to be in it.
  ///   - name: the name of the model.
  ///   - made: how the weights were made.
  /// - Throws: ``CheckpointError`` if it cannot be written.
  func writeFile(
    _ path: String, of folder: ModelFolder, named name: String, made: JSONValue
  ) throws(CheckpointError)

  /// The members of `config.json` that say how weights are quantized, all with the same value.
  var configurationMembers: [String] { get }

  /// `config.json` of the source with what readers of the format look for elsewhere in it.
  func restated(_ configuration: JSONValue) throws(JSONError) -> JSONValue

  /// The value of `quantization_config`.
  ///
  /// - Parameters:
  ///   - scheme: the scheme of every quantized Linear.
  ///   - selection: which Linears are quantized; nil when all those of the decoder blocks are.
  ///   - provenance: how the weights were made, for whoever reads the file.
  /// - Returns: a JSON object.
  func configuration(
    of scheme: LinearScheme, leaving selection: LinearSelection?, provenance: JSONValue
  ) -> JSONValue

  /// Whether one folder can hold Linears of several schemes.
  var holdsSeveralSchemes: Bool { get }
  /// Whether these may be of several types, and the inputs of some rounded.
  var holdsSeveralLayouts: Bool { get }
  /// Whether groups may be scattered over the columns.
  var holdsScatteredGroups: Bool { get }

  /// The value of `quantization_config` for Linears of one or several schemes.
  ///
  /// - Precondition: there is one group, or the format holds several schemes.
  func configuration(
    of groups: [SchemeGroup], leaving selection: LinearSelection?, provenance: JSONValue
  ) -> JSONValue

  /// The name of a file beside `config.json` that repeats the configuration; nil when no reader
  /// looks for one.
  var configurationFile: String? { get }

  /// Whether a `quantization_config` describes this format.
  func recognizes(_ configuration: JSONValue) -> Bool

  /// What takes a result in this format.
  ///
  /// - Parameters:
  ///   - path: where the result will be.
  ///   - tensors: all tensors that will be stored.
  /// - Returns: the sink, which has created its files.
  /// - Throws: ``CheckpointError`` if the output exists or cannot be created.
  func sink(path: String, tensors: [NamedShape]) throws(CheckpointError) -> any ResultSink

  /// A sink that continues what an interrupted one had begun with the same path and tensors.
  ///
  /// - Throws: ``CheckpointError`` if there is nothing to continue, or another run continues it.
  func sink(continuing path: String, tensors: [NamedShape]) throws(CheckpointError)
    -> any ResultSink

  /// Reads a Linear back.
  ///
  /// - Throws: ``CheckpointError`` when tensors are missing or contradict the configuration.
  func decode(
    _ linear: LinearShape, in folder: ModelFolder, _ configuration: JSONValue
  ) throws(CheckpointError) -> QuantizedLinear
}
