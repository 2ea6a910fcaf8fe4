internal import Checkpoint
internal import JSON
internal import LinearAlgebra

/// The file that is made of a model folder.
struct GGUFAssembly {
  /// What is known of the model besides how it was made.
  private var metadata: [(key: String, value: GGUFValue)]
  private var parts: [Part] = []
  let architecture: GGUFArchitecture

  /// A tensor of the file and where its elements come from.
  struct Part {
    let tensor: GGUFTensor
    let source: Source

    enum Source {
      /// A tensor of the folder, or one for each expert, whose rows may get another order, or to whose numbers something
      /// may be added.
      case stored([ModelFolder.TensorReference], rows: [Int]?, plus: Float)
      /// Numbers that follow from the configuration.
      case made([Float])
    }
  }

  /// Key of the report of what each matrix lost, as JSON.
  static let reportKey = "ptq.report"
  /// The name of the report's file in a folder.
  static let reportFile = "ptq-report.json"

  /// Plans the file.
  ///
  /// - Parameters:
  ///   - folder: a dense model, or the folder in which a result grew.
  ///   - name: the name of the model.
  ///   - mixture: the mixture that readers are told of.
  ///   - tensors: what the file holds of the folder; nil for all.
  /// - Throws: ``CheckpointError`` for whatever has no place in a GGUF file.
  init(
    of folder: ModelFolder, named name: String, _ mixture: GGUFMixture,
    tensors: [ModelFolder.TensorReference]? = nil
  ) throws(CheckpointError) {
    let path = "\(folder.path)/config.json"
    let architecture = try GGUFArchitecture(of: folder)
    let configuration = try Self.reading(path) { () throws(JSONError) in
      try GGUFArchitecture.configuration(of: folder)
    }
    self.architecture = architecture
    metadata = [
      ("general.architecture", .string(architecture.name)), ("general.type", .string("model")),
      ("general.name", .string(name.hasSuffix(".gguf") ? String(name.dropLast(5)) : name)),
      ("general.file_type", .uint32(mixture.fileType)),
      ("general.quantization_version", .uint32(2)),
    ]
    metadata += try Self.reading(path) { () throws(JSONError) in
      try architecture.metadata(configuration)
    }
    try addTokenizer(of: folder, configuration)
    try add(tensors ?? folder.tensors, of: folder)
    let width = metadata.size("\(architecture.name).rope.dimension_count")
    let rope = try Self.reading(path) { () throws(JSONError) in
      try RotaryStatement(configuration).tensors(of: architecture.name, width: width)
    }
    for (name, values) in rope {
      parts.append(
        Part(tensor: GGUFTensor(name, .float32, [values.count]), source: .made(values)))
    }
    if folder.hasCompanion(Self.reportFile) {
      metadata.append((Self.reportKey, .bytes(try report(of: folder))))
    }
  }

  /// The report, with the names that the model has in the file.
  private func report(of folder: ModelFolder) throws(CheckpointError) -> [UInt8] {
    let bytes = try folder.companion(Self.reportFile)
    guard architecture.root != "model.", let json = try folder.json(Self.reportFile) else {
      return bytes
    }
    return json.replacing(prefix: architecture.root, by: "model.").bytes(.pretty)
  }

  /// Writes the file, with digests of everything in it.
  func write(to path: String, made: JSONValue) throws(CheckpointError) {
    let tensors = parts.map(\.tensor)
    var digests: [(String, JSONValue)] = []
    for part in parts {
      digests.append((part.tensor.name, .string(SHA256.digest(of: part.elements))))
    }
    let seal = GGUFSeal(made: made, tensors: digests, over: metadata, tensors)
    let sources = Dictionary(uniqueKeysWithValues: parts.map { ($0.tensor.name, $0) })
    try GGUFFile.write(path, metadata + [seal.pair], tensors) { tensor in
      sources[tensor.name]?.elements ?? []
    }
  }

  private mutating func addTokenizer(
    of folder: ModelFolder, _ configuration: JSONField
  ) throws(CheckpointError) {
    let file = "tokenizer.json"
    guard folder.hasCompanion(file) else {
      throw .missing(
        path: "\(folder.path)/\(file)", needed: "a GGUF file holds the tokenizer of its model")
    }
    var settings = try folder.json("tokenizer_config.json") ?? [:]
    let template = "chat_template.jinja"
    if settings["chat_template"] == nil, folder.hasCompanion(template) {
      let text = String(decoding: try folder.companion(template), as: UTF8.self)
      settings = try Self.reading(folder.path) { () throws(JSONError) in
        var copy = settings
        try copy.setMember("chat_template", to: .string(text))
        return copy
      }
    }
    let tokenizer = try folder.json(file) ?? [:]
    let rows = metadata.size(".vocab_size")
    metadata += try Self.reading("\(folder.path)/\(file)") { () throws(JSONError) in
      try GGUFTokenizer(
        tokenizer.field, settings: settings.field, configuration: configuration
      ).metadata(rows: rows)
    }
  }

  /// Where a tensor of a folder is in the file.
  ///
  /// - Throws: ``CheckpointError`` where it has no place.
  func location(
    of tensor: String, in folder: ModelFolder
  ) throws(CheckpointError) -> GGUFArchitecture.Location {
    if let location = architecture.location(of: tensor) { return location }
    throw .tensor(
      name: tensor, path: folder.tensor(tensor)?.path ?? folder.path,
      reason: "has no place in a GGUF file of the architecture \(architecture.name)")
  }

  private mutating func add(
    _ tensors: [ModelFolder.TensorReference], of folder: ModelFolder
  ) throws(CheckpointError) {
    var stacks: [String: [Int: ModelFolder.TensorReference]] = [:]
    for reference in tensors {
      if architecture.leavesOut(reference.name) { continue }
      let location = try location(of: reference.name, in: folder)
      if let expert = location.expert {
        stacks[location.name, default: [:]][expert] = reference
        continue
      }
      let name = location.name
      let tensor = try Self.tensor(name, reference, in: folder)
      let order = architecture.rowOrder(of: name, rows: reference.shape.dimensions.first ?? 0)
      parts.append(
        Part(
          tensor: tensor,
          source: .stored([reference], rows: order, plus: architecture.offset(of: name))))
    }
    for (name, experts) in stacks.sorted(by: { $0.key < $1.key }) {
      parts.append(try part(stacking: experts, as: name, of: folder))
    }
    let places = Dictionary(
      uniqueKeysWithValues: parts.map { [architecture] in
        ($0.tensor.name, architecture.place(of: $0.tensor.name))
      })
    parts.sort { a, b in
      (places[a.tensor.name] ?? 0, a.tensor.name) < (places[b.tensor.name] ?? 0, b.tensor.name)
    }
  }

  /// Runs a closure, and attributes its errors to a file.
  private static func reading<Result>(
    _ path: String, _ body: () throws(JSONError) -> Result
  ) throws(CheckpointError) -> Result {
    do throws(JSONError) { return try body() } catch { throw .json(path: path, cause: error) }
  }
}

extension JSONValue {
  /// The value with another beginning of all strings that have a given one.
  fileprivate func replacing(prefix: String, by other: String) -> JSONValue {
    switch self {
    case .string(let text) where text.hasPrefix(prefix):
      return .string(other + text.dropFirst(prefix.count))
    case .array(let values):
      return .array(values.map { $0.replacing(prefix: prefix, by: other) })
    case .object(let object):
      return .members(
        object.map { ($0.name, $0.value.replacing(prefix: prefix, by: other)) })
    default: return self
    }
  }
}

extension [(key: String, value: GGUFValue)] {
  /// The integer of the first key with this ending; 0 without one.
  fileprivate func size(_ suffix: String) -> Int {
    first { $0.key.hasSuffix(suffix) }?.value.int ?? 0
  }
}
