public import Checkpoint
public import JSON
public import LinearAlgebra
public import Quantizer

/// Takes the parts of a quantized model in any order, and commits them when all are there.
///
/// Until then nothing exists at the output path. A result that is a single file grows as a folder as well
/// (``ModelFolderSink``), since only that can be continued after an interruption, and becomes a file with the
/// commit.
public protocol ResultSink: AnyObject {
  /// Stores quantized Linears.
  ///
  /// - Returns: the number of bytes that each takes.
  func store(_ linears: [StoredLinear]) throws(CheckpointError) -> [Int]

  /// Stores a tensor that stays as it is.
  func store(_ tensor: String, _ bytes: RawSpan) throws(CheckpointError)

  /// Stores a tensor in place of those that were announced for a quantized Linear.
  func store(
    _ tensor: NamedShape, _ bytes: RawSpan, insteadOf linear: LinearShape, _ scheme: LinearScheme,
    scales: FloatFormat
  ) throws(CheckpointError)

  /// Stores a small file that belongs to the model.
  func storeFile(_ name: String, _ bytes: [UInt8]) throws(CheckpointError)

  /// A folder for what a run needs in order to continue later, which vanishes with the commit; nil where a
  /// result cannot be continued.
  func workspace() throws(CheckpointError) -> String?

  /// Waits until the disk has all that was stored so far, and keeps it even if the run ends here.
  func sync() throws(CheckpointError)

  /// Says how the model is quantized, and moves the result into place.
  func commit(_ description: ResultDescription) throws(CheckpointError)
}

/// A quantized Linear with its Hugging Face key and the format of its scales.
public struct StoredLinear: Sendable {
  let shape: LinearShape
  let linear: QuantizedLinear
  let scales: FloatFormat

  /// A Linear; `name` is its key without `.weight`.
  public init(_ name: String, _ linear: QuantizedLinear, scales: FloatFormat) {
    shape = LinearShape(name: name, rows: linear.weight.rows, columns: linear.weight.columns)
    self.linear = linear.widened
    self.scales = scales
  }
}

/// What a result says of itself.
public struct ResultDescription: Sendable {
  /// `config.json` of the source.
  let configuration: JSONValue
  /// The quantized Linears, by their schemes.
  let groups: [SchemeGroup]
  /// Which Linears are quantized; nil when all those of the decoder blocks are.
  let selection: LinearSelection?
  /// How the weights were made.
  let provenance: JSONValue
  /// All that the manifest says of how they were made.
  let record: JSONValue

  /// A description of given parts; without a record, the manifest has the provenance.
  public init(
    configuration: JSONValue, groups: [SchemeGroup], leaving selection: LinearSelection?,
    provenance: JSONValue, record: JSONValue? = nil
  ) {
    self.record = record ?? provenance
    self.configuration = configuration
    self.groups = groups
    self.selection = selection
    self.provenance = provenance
  }
}

/// A model folder of safetensors in a format.
public final class ModelFolderSink: ResultSink {
  private let folder: FolderSink
  private let format: any CheckpointFormat

  /// Creates the files for all tensors.
  ///
  /// - Throws: ``CheckpointError`` if the output exists or cannot be created.
  public init(
    path: String, tensors: [NamedShape], _ format: any CheckpointFormat
  ) throws(CheckpointError) {
    folder = try FolderSink(path: path, tensors: tensors)
    self.format = format
  }

  /// Continues what an earlier sink had begun.
  ///
  /// - Throws: ``CheckpointError`` if that was for other tensors, or another run continues it.
  public init(
    continuing path: String, tensors: [NamedShape], _ format: any CheckpointFormat
  ) throws(CheckpointError) {
    folder = try FolderSink(reopening: path, tensors: tensors)
    self.format = format
  }

  /// A hidden folder in the partial result.
  public func workspace() throws(CheckpointError) -> String? { try folder.workspace() }

  /// Records which tensors the disk has.
  public func sync() throws(CheckpointError) { try folder.sync() }

  /// Encodes the Linears in parallel, and writes their tensors.
  public func store(_ linears: [StoredLinear]) throws(CheckpointError) -> [Int] {
    let encoded = Threads.map(linears.count) { [format] i in
      let layout = format.layout(
        of: linears[i].shape, linears[i].linear.scheme, scales: linears[i].scales)
      return (layout, format.encode(linears[i].linear, scales: linears[i].scales))
    }
    for (layout, tensors) in encoded {
      precondition(layout.count == tensors.count, "\(tensors.count) of \(layout.count) tensors")
      for (tensor, bytes) in zip(layout, tensors) {
        // Safety: bytes have no padding, so all of the memory is initialized.
        try unsafe folder.write(tensor.name, bytes.span.bytes)
      }
    }
    return encoded.map { $0.1.reduce(0) { $0 + $1.count } }
  }

  /// Writes the elements of a tensor.
  public func store(_ tensor: String, _ bytes: RawSpan) throws(CheckpointError) {
    try folder.write(tensor, bytes)
  }

  /// Writes a tensor that takes the place of a Linear's.
  public func store(
    _ tensor: NamedShape, _ bytes: RawSpan, insteadOf linear: LinearShape, _ scheme: LinearScheme,
    scales: FloatFormat
  ) throws(CheckpointError) {
    let others = format.layout(of: linear, scheme, scales: scales).map(\.name)
    try folder.write(tensor, bytes, insteadOf: others)
  }

  /// Writes a file beside the weights.
  public func storeFile(_ name: String, _ bytes: [UInt8]) throws(CheckpointError) {
    try folder.writeFile(name, bytes)
  }

  /// Writes the configuration, and moves the folder, or the file that is made of it, into place.
  public func commit(_ description: ResultDescription) throws(CheckpointError) {
    let quantization = format.configuration(
      of: description.groups, leaving: description.selection, provenance: description.provenance)
    var configuration: JSONValue
    do throws(JSONError) {
      configuration = try format.restated(description.configuration)
      // What mlx-lm said of the source must not stay beside another statement.
      try configuration.removeMember("quantization")
      for name in format.configurationMembers {
        try configuration.setMember(name, to: quantization)
      }
    } catch {
      throw .json(path: "\(folder.path)/config.json", cause: error)
    }
    try folder.writeFile("config.json", configuration.bytes(.pretty))
    if let name = format.configurationFile {
      try folder.writeFile(name, quantization.bytes(.pretty))
    }
    guard format.isFile else { return try folder.finish(made: description.record) }
    let name = folder.path.split(separator: "/").last ?? ""
    try folder.finish { [format] partial, file throws(CheckpointError) in
      try format.writeFile(
        file, of: ModelFolder(path: partial), named: String(name), made: description.record)
    }
  }
}

extension ResultSink {
  /// No folder.
  public func workspace() throws(CheckpointError) -> String? { nil }

  /// Nothing to keep.
  public func sync() throws(CheckpointError) {}

  /// Copies what belongs to a model besides its quantized Linears, except for a file of a given name.
  ///
  /// This comes first, since an unreadable file should not end a long run.
  package func copy(
    _ tensors: [ModelFolder.TensorReference], from folder: ModelFolder, leaving name: String
  ) throws(CheckpointError) {
    for file in folder.companionFiles where file != name && file != Manifest.fileName {
      try storeFile(file, try folder.companion(file))
    }
    for tensor in tensors {
      try tensor.withBytes { bytes throws(CheckpointError) in try store(tensor.name, bytes) }
    }
  }
}
