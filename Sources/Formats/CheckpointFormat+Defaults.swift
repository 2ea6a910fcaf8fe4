public import Checkpoint
public import JSON
public import LinearAlgebra
public import Quantizer

// What most formats have in common.

extension CheckpointFormat {
  /// Each group has its own scale and zero point.
  public func encoding(scales: FloatFormat) -> any GridEncoding {
    SeparateEntries(scaleFormat: scales, smallestZeroPoint: smallestZeroPoint)
  }

  /// That of every other.
  public func encoding(of scheme: Scheme, scales: FloatFormat) -> any GridEncoding {
    encoding(scales: scales)
  }

  /// Integer zero points.
  public var storesOffsets: Bool { false }

  /// Dense.
  public var tableBits: Int? { nil }

  /// The run decides.
  public var standardScheme: Scheme? { nil }

  /// The head stays dense.
  public var holdsHead: Bool { false }

  /// The method decides.
  public var standardActivations: ActivationScheme? { nil }

  /// The run decides.
  public func scheme(of linear: LinearShape, in folder: ModelFolder) -> Scheme? { nil }

  /// None.
  public var types: [String] { [] }

  /// There is no choice.
  public func storing(type: String) -> (any CheckpointFormat)? { nil }

  /// Those for all, where several layouts can be in one folder.
  public var linearTypes: [String] { holdsSeveralLayouts ? types : [] }

  /// As for all.
  public func storing(linearType: String) -> (any CheckpointFormat)? {
    linearTypes.contains(linearType) ? storing(type: linearType) : nil
  }

  /// Each has its own tensors.
  public func stacks(of linears: [LinearShape], in folder: ModelFolder) -> [[LinearShape]]? { nil }

  /// Those of the codes; scales and zero points come on top.
  public func budgetedBits(of linear: LinearShape, _ scheme: Scheme) -> Int {
    linear.rows * linear.columns * scheme.bits
  }

  /// Nothing.
  public var cache: ActivationScheme.Number? { nil }

  /// There are none.
  public func storing(cache: ActivationScheme.Number) -> (any CheckpointFormat)? { nil }

  /// The name: there is no choice.
  public var label: String { name }

  /// None.
  public func typeName(of scheme: Scheme) -> String? { nil }

  /// Every model can.
  public func check(_ folder: ModelFolder) {}

  /// A folder.
  public var isFile: Bool { false }

  /// Nothing: the folder is the result.
  public func writeFile(_ path: String, of folder: ModelFolder, named name: String, made: JSONValue)
  {}

  /// The one that transformers and vLLM read.
  public var configurationMembers: [String] { ["quantization_config"] }

  /// As it is.
  public func restated(_ configuration: JSONValue) -> JSONValue { configuration }

  /// One scheme for all Linears.
  public var holdsSeveralSchemes: Bool { false }

  /// One type, and all inputs alike.
  public var holdsSeveralLayouts: Bool { false }

  /// Consecutive groups only.
  public var holdsScatteredGroups: Bool { false }

  /// The configuration of the only scheme.
  public func configuration(
    of groups: [SchemeGroup], leaving selection: LinearSelection?, provenance: JSONValue
  ) -> JSONValue {
    precondition(groups.count == 1, "\(groups.count) schemes, where \(name) holds one")
    return configuration(of: groups[0].scheme, leaving: selection, provenance: provenance)
  }

  /// A model folder.
  public func sink(
    path: String, tensors: [NamedShape]
  ) throws(CheckpointError) -> any ResultSink {
    try ModelFolderSink(path: path, tensors: tensors, self)
  }

  /// A model folder.
  public func sink(
    continuing path: String, tensors: [NamedShape]
  ) throws(CheckpointError) -> any ResultSink {
    try ModelFolderSink(continuing: path, tensors: tensors, self)
  }

  /// The value of `quantization_config` when every Linear of the decoder blocks is quantized.
  public func configuration(of scheme: LinearScheme, provenance: JSONValue) -> JSONValue {
    configuration(of: scheme, leaving: nil, provenance: provenance)
  }
}
