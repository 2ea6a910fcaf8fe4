internal import Glibc
public import JSON

/// What can be wrong with files of a model: read ones, or those to be written.
public enum CheckpointError: Error, CustomStringConvertible {
  /// The operating system refused; the reason is its own.
  case system(path: String, doing: String, code: Int32)
  /// A file that must be there is not.
  case missing(path: String, needed: String)
  /// A JSON file is not JSON, or lacks what it must have.
  case json(path: String, cause: JSONError)
  /// A safetensors header that does not hold together.
  case header(path: String, reason: String)
  /// A `.npy` file that does not hold together, or holds what is not read.
  case numPy(path: String, reason: String)
  /// A tensor that is needed is nowhere in the folder.
  case missingTensor(name: String, folder: String)
  /// A tensor is not as it must be.
  case tensor(name: String, path: String, reason: String)
  /// A tensor holds something that is no number; this element is the first.
  case notFinite(name: String, path: String, element: Int)
  /// A setting of the folder that this tool cannot honour.
  case unsupported(path: String, reason: String)
  /// The output is there already.
  case outputExists(path: String)
  /// The output would fill the disk.
  case noRoom(path: String, needed: Int, free: Int)

  /// What was found, what was needed, and what to try.
  public var description: String {
    switch self {
    case .system(let path, let doing, let code):
      "\(path): \(doing) failed: \(systemMessage(code))"
    case .missing(let path, let needed): "\(path): not found; \(needed)"
    case .json(let path, let cause): "\(path): \(cause)"
    case .header(let path, let reason): "\(path): not a valid safetensors file: \(reason)"
    case .numPy(let path, let reason): "\(path): \(reason)"
    case .missingTensor(let name, let folder):
      "\(folder): no tensor is named \(name), which config.json calls for; "
        + "fetch the model again, or correct config.json"
    case .tensor(let name, let path, let reason): "\(path): tensor \(name): \(reason)"
    case .notFinite(let name, let path, let element):
      "\(path): tensor \(name): holds an infinite value or a NaN, the first at element "
        + "\(element); the file is damaged, or the training failed"
    case .unsupported(let path, let reason): "\(path): \(reason)"
    case .outputExists(let path):
      "\(path): the output exists already; remove it or choose another --output"
    case .noRoom(let path, let needed, let free):
      "\(path): the weights take \(needed) bytes, and \(free) are free; make room, or choose "
        + "another --output"
    }
  }
}

/// The system's own words for an error number.
private func systemMessage(_ code: Int32) -> String {
  // Safety: strerror returns a terminated string that stays valid until the next call, and the
  // copy is made at once.
  unsafe String(cString: strerror(code))
}
