// A plan as a file that people can edit:
//
//   {
//     "average_bits": 3.49,
//     "bits": {
//       "model.layers.*.mlp.down_proj": 4,
//       "model.layers.0.self_attn.q_proj": 3,
//       …
//     }
//   }
//
// A star stands for one part of a name, between two dots. If several entries fit a Linear, the last one
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
      var entries: [(name: String, bits: Int)] = []
      for (name, field) in try json.member("bits").members {
        entries.append((name, try field.int))
      }
      self.init(entries, for: model.blocks.indices.flatMap(model.linears))
    } catch {
      throw CheckpointError.json(path: path, cause: error)
    }
    try check(against: model)
  }

  /// The plan that entries with stars describe; entries that fit nothing stay under their names.
  private init(_ entries: [(name: String, bits: Int)], for linears: [LinearShape]) {
    var bits: [String: Int] = [:]
    for entry in entries {
      guard entry.name.contains("*"), let pattern = ModulePattern(entry.name) else {
        bits[entry.name] = entry.bits
        continue
      }
      let fitting = linears.filter { pattern.isName(of: $0.name) }
      for linear in fitting { bits[linear.name] = entry.bits }
      if fitting.isEmpty { bits[entry.name] = entry.bits }
    }
    self.init(bits)
  }

  /// The plan as a file, with the Linears in their order in the model.
  public func json(for linears: some Sequence<LinearShape>) -> JSONValue {
    let members = linears.compactMap { linear in
      bits[linear.name].map { (linear.name, JSONValue.number(JSONNumber($0))) }
    }
    return [
      "average_bits": .rounded(averageBits(of: linears)), "bits": JSONValue(members: members),
    ]
  }
}
