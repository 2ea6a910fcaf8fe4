// A plan as a file that people can edit:
//
//   {
//     "average_bits": 3.49,
//     "bits": {
//       "model.layers.*.mlp.down_proj": 4,
//       "model.layers.0.mlp.down_proj": "fp8",
//       "model.layers.0.self_attn.q_proj": 3,
//       …
//     }
//   }
//
// A word in place of a number is a type of the format: as --type has them, or for GGUF a type of tensors, such as Q4_K.
// A star stands for one part of a name,
// between two dots. If several entries fit a Linear, the last one
// counts, so exceptions come after rules. What is beside "bits" is for the reader's eyes only.

internal import Checkpoint
public import Formats
public import JSON
public import Transformer

extension BitPlan {
  /// Reads a plan for a model from a file.
  ///
  /// - Throws: ``CheckpointError`` when the file cannot be read or is not such a plan;
  ///   ``BitPlanError`` when it does not fit the model.
  public init(
    path: String, for model: LanguageModel,
    in format: any CheckpointFormat = CompressedTensorsFormat()
  ) throws {
    let file = try MappedFile(path: path)
    do throws(JSONError) {
      let json = try JSONValue(parsing: file.copy(0..<file.byteCount))
      var entries: [(name: String, entry: Entry)] = []
      for (name, field) in try json.member("bits").members {
        entries.append((name, try Entry(field, in: format)))
      }
      let declaration = model.declaration
      self.init(entries, for: declaration.blocks.indices.flatMap(declaration.linears))
    } catch {
      throw CheckpointError.json(path: path, cause: error)
    }
    try check(against: model, in: format)
  }

  /// The plan that entries with stars describe; entries that fit nothing stay under their names.
  private init(_ entries: [(name: String, entry: Entry)], for linears: [LinearShape]) {
    var plan: [String: Entry] = [:]
    for (name, entry) in entries {
      guard name.contains("*"), let pattern = ModulePattern(name) else {
        plan[name] = entry
        continue
      }
      let fitting = linears.filter { pattern.isName(of: $0.name) }
      for linear in fitting { plan[linear.name] = entry }
      if fitting.isEmpty { plan[name] = entry }
    }
    self.init(entries: plan)
  }

  /// The plan as a file, with the Linears in their order in the model.
  ///
  /// - Parameters:
  ///   - model: the model.
  ///   - averageBits: what is told of it beside the plan.
  /// - Returns: a JSON object.
  public func json(for model: LanguageModel, averageBits: Double? = nil) -> JSONValue {
    let linears = model.declaration.blocks.indices.flatMap(model.declaration.linears)
    let ends = Set(entries.keys).subtracting(linears.map(\.name)).sorted()
    let members = (linears.map(\.name) + ends).compactMap { name in
      entries[name].map { (name, $0.json) }
    }
    let bits: [(String, JSONValue)] = [("bits", JSONValue(members: members))]
    return JSONValue(
      members: (averageBits.map { [("average_bits", .rounded($0))] } ?? []) + bits)
  }
}

extension BitPlan.Entry {
  /// An entry of a file.
  ///
  /// - Throws: `JSONError` unless it is a number of bits or a word of the format.
  fileprivate init(_ field: JSONField, in format: any CheckpointFormat) throws(JSONError) {
    let words = "one of " + format.linearTypes.joined(separator: ", ")
    switch field.value {
    case .string(let word):
      guard format.linearTypes.contains(word) else {
        throw .wrongKind(
          path: field.path,
          expected: format.linearTypes.isEmpty
            ? "an integer" : format.wantsTypes ? words : "an integer, or \(words)", found: word)
      }
      self = .type(word)
    default:
      guard !format.wantsTypes else {
        throw .wrongKind(path: field.path, expected: words, found: field.value.text(.compact))
      }
      self = .bits(try field.int)
    }
  }

  fileprivate var json: JSONValue {
    switch self {
    case .bits(let bits): .number(JSONNumber(bits))
    case .type(let word): .string(word)
    }
  }
}
