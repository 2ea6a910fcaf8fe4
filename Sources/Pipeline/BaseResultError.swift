internal import Checkpoint
public import Remedies

/// Why Linears cannot be taken over from a result.
public enum BaseResultError: RemediableError {
  /// It is a model in full precision.
  case notQuantized(String)
  /// It does not say what was lost, or from which files it was made.
  case noRecord(String)
  /// Its method scaled or rotated the model.
  case changesModel(String, method: String)
  /// The run's method would.
  case methodChangesModel(String)
  /// It is stored in another format.
  case anotherFormat(String, found: String, needed: String)
  /// The format has one scheme for all Linears, and these would have two.
  case anotherScheme(String, format: String)
  /// Inputs would be rounded in some Linears and not in others.
  case inputsDiffer
  /// It is not what was written.
  case damaged(String, finding: String)
  /// It has other names for the Linears of the model.
  case otherNames(String, needed: String)
  /// It was made from other files.
  case anotherModel(String, file: String)

  /// What was found, and what was needed.
  public var description: String {
    switch self {
    case .notQuantized(let path):
      "\(path): is not quantized, so no Linears can be taken over from it"
    case .noRecord(let path):
      "\(path): has no \(RunReport.fileName), or no \(Manifest.fileName) with the digests of the model; Linears "
        + "can be taken over from a folder that was quantized here, and not from a converted one"
    case .changesModel(let path, let method):
      "\(path): was made by \(method), which changed what its Linears read; all of them must be solved again"
    case .methodChangesModel(let method):
      "the method \(method) changes what other Linears read, and those are to stay as they are"
    case .anotherFormat(let path, let found, let needed):
      "\(path): is stored as \(found), not as \(needed)"
    case .anotherScheme(let linear, let format):
      "\(format) stores one scheme for all Linears, and \(linear) has another one than those to be solved again; "
        + "give the same bits, group size and symmetry"
    case .inputsDiffer:
      "inputs would be rounded in some Linears and not in others, which no format holds; use a method that rounds "
        + "them like that of the result"
    case .damaged(let path, let finding): "\(path): is not what was written: \(finding)"
    case .otherNames(let path, let needed):
      "\(path): has other names for what the model calls \(needed); Linears can only be taken over under their own"
    case .anotherModel(let path, let file):
      "\(path): was not made from \(file), or that file has changed since"
    }
  }

  /// What to try.
  public var remedies: [Remedy] {
    switch self {
    case .anotherFormat(_, let found, _): [.chooseFormat(found)]
    case .methodChangesModel: [.chooseMethod("gptq"), .chooseMethod("cd")]
    case .notQuantized, .noRecord, .changesModel, .otherNames, .anotherModel, .anotherScheme,
      .inputsDiffer,
      .damaged:
      []
    }
  }
}
