internal import Glibc
public import JSON
public import Remedies

/// What can be wrong with the files of a model, whether they are read or written.
public enum CheckpointError: RemediableError {
  /// The operating system refused; the code is its own.
  case system(path: String, doing: String, code: Int32)
  /// A file that is needed is not there.
  case missing(path: String, needed: String)
  /// A JSON file is not JSON, or lacks a member that it must have.
  case json(path: String, cause: JSONError)
  /// A safetensors header contradicts itself or its file.
  case header(path: String, reason: String)
  /// A `.npy` file contradicts itself, or has contents that are not supported.
  case numPy(path: String, reason: String)
  /// A GGUF file contradicts itself, or has contents that are not supported.
  case gguf(path: String, reason: String)
  /// A tensor that is needed is in none of the folder's files; `similar` is one that has its name but for what
  /// is in front of it.
  case missingTensor(name: String, folder: String, similar: String? = nil)
  /// A tensor is not as it must be.
  case tensor(name: String, path: String, reason: String)
  /// A tensor has an infinite or NaN element; this one is the first.
  case notFinite(name: String, path: String, element: Int)
  /// No family has this `model_type`; the detail goes on with what is known about it, and `resembles`
  /// names a family as which the folder can be read.
  case unknownArchitecture(
    path: String, modelType: String, detail: String = "", resembles: String? = nil)
  /// A family was asked for to read an unknown architecture, but this one is known.
  case knownArchitecture(path: String, modelType: String)
  /// There is no family of this name.
  case unknownFamily(name: String, known: [String])
  /// A file or folder has contents that this tool does not support.
  case unsupported(path: String, reason: String)
  /// The output exists already.
  case outputExists(path: String)
  /// What is to be written does not fit on the disk.
  case noRoom(path: String, needed: Int, free: Int)
  /// Another run is writing the same output.
  case inUse(path: String)
  /// What an interrupted run left belongs to a result with other tensors.
  case differentPlan(path: String)

  /// What was found and what was needed.
  public var description: String {
    switch self {
    case .system(let path, let doing, let code):
      "\(path): \(doing) failed: \(systemMessage(code))"
    case .missing(let path, let needed): "\(path): not found; \(needed)"
    case .json(let path, let cause): "\(path): \(cause)"
    case .header(let path, let reason): "\(path): not a valid safetensors file: \(reason)"
    case .numPy(let path, let reason): "\(path): \(reason)"
    case .gguf(let path, let reason): "\(path): not a valid GGUF file: \(reason)"
    case .missingTensor(let name, let folder, let similar):
      "\(folder): no tensor is named \(name), which config.json calls for; "
        + (similar.map { "one is named \($0); rename the tensors, or correct config.json" }
          ?? "fetch the model again, or correct config.json")
    case .tensor(let name, let path, let reason): "\(path): tensor \(name): \(reason)"
    case .notFinite(let name, let path, let element):
      "\(path): tensor \(name): holds an infinite value or a NaN, the first at element "
        + "\(element); the file is damaged, or the training failed"
    case .unknownArchitecture(let path, let modelType, let detail, _):
      "\(path): the architecture \"\(modelType)\" is not supported\(detail)"
    case .knownArchitecture(let path, let modelType):
      "\(path): is a \(modelType), which needs to be read as nothing else"
    case .unknownFamily(let name, let known):
      "no architecture is named \(name); there are \(known.sorted().joined(separator: ", "))"
    case .unsupported(let path, let reason): "\(path): \(reason)"
    case .outputExists(let path):
      "\(path): the output exists already"
    case .noRoom(let path, let needed, let free):
      "\(path): \(needed) bytes are needed, but only \(free) are free"
    case .inUse(let path): "\(path): another run is writing there"
    case .differentPlan(let path):
      "\(path): an interrupted run left it, but with other tensors than this run will write"
    }
  }

  /// Another place, if the trouble is with this one.
  public var remedies: [Remedy] {
    switch self {
    case .outputExists, .noRoom, .inUse: [.chooseAnotherOutput]
    case .unknownArchitecture(_, _, _, let family?): [.readAs(family)]
    default: []
    }
  }
}

/// The system's own words for an error number.
private func systemMessage(_ code: Int32) -> String {
  // Safety: strerror returns a terminated string that stays valid until the next call, and the
  // copy is made at once.
  unsafe String(cString: strerror(code))
}
