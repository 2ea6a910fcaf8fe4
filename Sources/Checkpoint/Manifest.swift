internal import Foundation
public import JSON

/// A list of a folder's files with their digests, kept in the folder, so that damage can be found later.
///
///     {
///       "made": {…},
///       "files": {"config.json": {"bytes": 1234, "sha256": "…", "tensors": {NAME: digest}}, …},
///       "sha256": the digest of this text with an empty string in place of this one
///     }
public struct Manifest: Sendable {
  /// The name of the file.
  public static let fileName = "ptq-manifest.json"

  /// A file and what it holds.
  public struct File: Sendable, Equatable {
    /// Its path within the folder.
    public let name: String
    /// The number of its bytes.
    public let byteCount: Int
    /// Their SHA-256, in hexadecimal digits.
    public let digest: String
    /// The SHA-256 of the elements of each tensor, in a file of weights.
    public let tensors: [String: String]
  }

  /// All files besides the manifest, by name.
  public let files: [File]
  /// How the folder was made.
  public let made: JSONValue
  /// Whether the text of the manifest is not the one that was written.
  private let isDamaged: Bool

  /// Reads all files of a folder that are not hidden.
  ///
  /// - Throws: ``CheckpointError`` if one cannot be read.
  init(of folder: String, made: JSONValue) throws(CheckpointError) {
    var files: [File] = []
    for name in Self.names(in: folder) { files.append(try File(reading: name, in: folder)) }
    self.files = files
    self.made = made
    isDamaged = false
  }

  /// Reads the manifest of a folder; nil if it has none.
  ///
  /// - Throws: ``CheckpointError`` if it is no manifest.
  public init?(in folder: String) throws(CheckpointError) {
    let path = "\(folder)/\(Self.fileName)"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let bytes = try MappedFile(path: path).contents
    do throws(JSONError) {
      let json = try JSONValue(parsing: bytes)
      made = json["made"] ?? .null
      var files: [File] = []
      for (name, field) in try json.member("files").members {
        files.append(try File(name, field))
      }
      self.files = files
      _ = try json.member("sha256").string
    } catch {
      throw .json(path: path, cause: error)
    }
    isDamaged = bytes != Self(files: files, made: made).bytes
  }

  private init(files: [File], made: JSONValue) {
    (self.files, self.made, isDamaged) = (files, made, false)
  }

  /// The text of the manifest.
  var bytes: [UInt8] { json(digest).bytes(.pretty) }

  /// The SHA-256 of the text with an empty string in its place, which stands in it.
  public var digest: String { SHA256.digest(of: json("").bytes(.pretty)) }

  private func json(_ digest: String) -> JSONValue {
    var list = JSONObject()
    for file in files {
      list[file.name] = file.json
    }
    return ["made": made, "files": .object(list), "sha256": .string(digest)]
  }

  /// What differs between the list and the folder.
  ///
  /// - Parameters:
  ///   - folder: the folder.
  ///   - progress: called with the share of the bytes read, and the next file.
  /// - Returns: a sentence for each difference.
  /// - Throws: what `progress` throws.
  public func findings(
    in folder: String, progress: (Double, String) throws -> Void = { _, _ in }
  ) rethrows -> [String] {
    var findings = isDamaged ? ["\(Self.fileName): was changed after it was written"] : []
    let total = max(1, files.reduce(0.0) { $0 + Double($1.byteCount) })
    var done = 0.0
    for file in files {
      try progress(done / total, file.name)
      done += Double(file.byteCount)
      if let finding = file.finding(in: folder) { findings.append("\(file.name): \(finding)") }
    }
    let known = Set(files.map(\.name))
    for name in Self.names(in: folder) where !known.contains(name) {
      findings.append("\(name): was not there when the folder was written")
    }
    return findings
  }

  /// The names of all files in a folder and the folders in it, besides hidden ones and the manifest.
  private static func names(in folder: String) -> [String] {
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
    return names.sorted().filter { name in
      // A path with a slash behind it exists only where it is a folder.
      !name.hasPrefix(".") && name != fileName
        && !FileManager.default.fileExists(atPath: "\(folder)/\(name)/.")
    }
  }
}

extension Manifest.File {
  /// Reads what a manifest says of a file.
  fileprivate init(_ name: String, _ json: JSONField) throws(JSONError) {
    self.name = name
    byteCount = try json.member("bytes").int
    digest = try json.member("sha256").string
    var tensors: [String: String] = [:]
    for (name, field) in try json.optionalMember("tensors")?.members ?? [] {
      tensors[name] = try field.string
    }
    self.tensors = tensors
  }

  fileprivate var json: JSONValue {
    var object = JSONObject()
    object["bytes"] = .number(JSONNumber(byteCount))
    object["sha256"] = .string(digest)
    guard !tensors.isEmpty else { return .object(object) }
    var list = JSONObject()
    for (name, digest) in tensors.sorted(by: { $0.key < $1.key }) { list[name] = .string(digest) }
    object["tensors"] = .object(list)
    return .object(object)
  }

  /// Reads a file.
  fileprivate init(reading name: String, in folder: String) throws(CheckpointError) {
    let path = "\(folder)/\(name)"
    let file = try MappedFile(path: path)
    (self.name, byteCount, digest) = (name, file.byteCount, file.digest)
    tensors = name.hasSuffix(".safetensors") ? try Self.tensors(in: path) : [:]
  }

  /// The digests of the tensors in a file of weights.
  private static func tensors(in path: String) throws(CheckpointError) -> [String: String] {
    let weights = try SafetensorsFile(path: path)
    var result: [String: String] = [:]
    for entry in weights.entries { result[entry.name] = weights.file.digest(of: entry.range) }
    return result
  }

  /// What is wrong with the file in a folder; nil for nothing.
  fileprivate func finding(in folder: String) -> String? {
    do throws(CheckpointError) {
      let file = try MappedFile(path: "\(folder)/\(name)")
      if file.byteCount != byteCount { return "has \(file.byteCount) bytes, not \(byteCount)" }
      return file.digest == digest
        ? nil : "its bytes are not those that were written" + damagedTensors(in: file.path)
    } catch {
      return FileManager.default.fileExists(atPath: "\(folder)/\(name)")
        ? error.description : "is gone"
    }
  }

  /// Which tensors are not what they were, after a comma; nothing if the damage is elsewhere.
  private func damagedTensors(in path: String) -> String {
    // A header that cannot be read any more does not say where they are.
    guard !tensors.isEmpty, let found = try? Self.tensors(in: path) else { return "" }
    let damaged = tensors.keys.sorted().filter { found[$0] != tensors[$0] }
    guard !damaged.isEmpty else { return "" }
    return ", in " + damaged.prefix(3).joined(separator: ", ")
      + (damaged.count > 3 ? " and \(damaged.count - 3) more tensors" : "")
  }
}
