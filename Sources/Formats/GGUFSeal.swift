public import Checkpoint
public import JSON

/// Digests of what is in a GGUF file, kept in the file, so that damage can be found later.
///
///     ptq.manifest = {"made": {…}, "metadata": digest of all in front of the elements but this,
///                     "tensors": {NAME: digest of its elements, …}}
public struct GGUFSeal {
  /// How the file was made.
  public let made: JSONValue
  private let tensors: [(String, JSONValue)]
  private let metadata: JSONValue

  private static let key = "ptq.manifest"

  init(
    made: JSONValue, tensors digests: [(String, JSONValue)],
    over metadata: [(key: String, value: GGUFValue)], _ tensors: [GGUFTensor]
  ) {
    self.made = made
    self.tensors = digests
    self.metadata = .string(GGUFFile.digest(of: metadata, tensors))
  }

  /// What stands in the file.
  var pair: (key: String, value: GGUFValue) { (Self.key, .bytes(bytes)) }

  private var bytes: [UInt8] {
    let json: JSONValue = ["made": made, "metadata": metadata, "tensors": .members(tensors)]
    return json.bytes(.compact)
  }

  /// The SHA-256 of all that it says.
  package var digest: String { SHA256.digest(of: bytes) }

  /// The seal of a file; nil where it has none.
  ///
  /// - Throws: ``CheckpointError`` if it is damaged.
  public init?(of file: GGUFFile) throws(CheckpointError) {
    guard case .bytes(let bytes)? = file[Self.key] else { return nil }
    do throws(JSONError) {
      let json = try JSONValue(parsing: bytes)
      made = json["made"] ?? .null
      metadata = try json.member("metadata").value
      tensors = try json.member("tensors").members.map { ($0.name, $0.field.value) }
    } catch {
      throw .json(path: "\(file.file.path): \(Self.key)", cause: error)
    }
  }

  /// What differs between the digests and the file: a sentence for each difference.
  public func findings(
    in file: GGUFFile, progress: (Double, String) throws -> Void = { _, _ in }
  ) rethrows -> [String] {
    var findings: [String] = []
    let described = file.entries.map { GGUFTensor($0.name, $0.type, $0.dimensions) }
    let others = file.metadata.filter { $0.key != Self.key }
    if .string(GGUFFile.digest(of: others, described)) != metadata {
      findings.append("its metadata was changed after it was written")
    }
    let known = Dictionary(tensors) { first, _ in first }
    for (i, entry) in file.entries.enumerated() {
      try progress(Double(i) / Double(file.entries.count), entry.name)
      if .string(file.file.digest(of: entry.range)) != known[entry.name] {
        findings.append("\(entry.name): its bytes are not those that were written")
      }
    }
    return findings
  }
}

extension ModelFolder {
  /// How a result was made, as its manifest or the file itself says; nil where nothing does.
  ///
  /// - Throws: ``CheckpointError`` if that is damaged.
  package var made: JSONValue? {
    get throws(CheckpointError) {
      guard GGUFFile.isOne(path) else { return try Manifest(in: path)?.made }
      return try GGUFSeal(of: GGUFFile(path: path))?.made
    }
  }
}
