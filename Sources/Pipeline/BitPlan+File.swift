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
// A word in place of a number is a type of the format, as --type has them. A star stands for one part of a name,
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
  public init(path: String, for model: ModelDeclaration) throws {
    let file = try MappedFile(path: path)
    do throws(JSONError) {
      let json = try JSONValue(parsing: file.copy(0..<file.byteCount))
      var entries: [(name: String, entry: Entry)] = []
      for (name, field) in try json.member("bits").members {
        guard case .string(let word) = field.value else {
          entries.append((name, .bits(try field.int)))
          continue
        }
        let types = CompressedTensorsFormat().types
        guard types.contains(word) else {
          throw .wrongKind(
            path: field.path, expected: "an integer, or one of " + types.joined(separator: ", "),
            found: word)
        }
        entries.append((name, .type(word)))
      }
      self.init(entries, for: model.blocks.indices.flatMap(model.linears))
    } catch {
      throw CheckpointError.json(path: path, cause: error)
    }
    try check(against: model)
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
  public func json(for linears: some Sequence<LinearShape>) -> JSONValue {
    let members = linears.compactMap { linear in
      entries[linear.name].map { (linear.name, $0.json) }
    }
    return [
      "average_bits": .rounded(averageBits(of: linears)), "bits": JSONValue(members: members),
    ]
  }
}

extension BitPlan.Entry {
  fileprivate var json: JSONValue {
    switch self {
    case .bits(let bits): .number(JSONNumber(bits))
    case .type(let word): .string(word)
    }
  }
}
