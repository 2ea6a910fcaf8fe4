// The rules of engines against what the engines themselves answered: Tools/record-engine-answers.py gave
// folders of a small random model to transformers, vLLM and gptqmodel on a CPU, and noted which of
// them loaded and computed what ptq computes.

import Checkpoint
import Formats
import Foundation
import JSON
import Quantizer
import TestSupport
import Testing

/// What an engine did with a folder.
private struct Answer: CustomStringConvertible {
  let format: String
  let engine: String
  let scheme: LinearScheme
  let hidden: Int
  let inner: Int
  let loads: Bool

  init(_ json: JSONField) throws {
    format = try json.member("format").string
    engine = try json.member("engine").string
    hidden = try json.member("hidden").int
    inner = try json.member("intermediate").int
    loads = try json.member("loads").bool
    let group = try json.member("group").string
    let inputs = try json.optionalMember("activations")?.string
    let granularity: Scheme.Granularity =
      switch group {
      case "channel": .channel
      case "tensor": .tensor
      default: .group(try #require(Int(group)))
      }
    scheme = LinearScheme(
      try Scheme(
        bits: try json.member("bits").int, symmetric: try json.member("symmetric").bool,
        granularity: granularity),
      activations: inputs.map {
        ActivationScheme(
          granularity: $0.hasPrefix("static") ? .tensor : .token,
          symmetric: !$0.hasSuffix("asymmetric"))
      })
  }

  /// The verdicts on every Linear of the model.
  func verdicts() throws -> [EngineVerdict] {
    let format = try #require(CheckpointFormats.all.first { $0.name == self.format })
    let name = engine == "vllm" ? "vLLM" : String(engine.prefix { $0 != " " })
    let shapes = [(hidden, hidden), (inner, hidden), (hidden, inner)]
    return try shapes.map { rows, columns in
      let linear = LinearShape(name: "p", rows: rows, columns: columns)
      return try #require(
        EngineRules.verdicts(on: linear, scheme, in: format).first { $0.engine == name })
    }
  }

  /// Whether the rules say the same: what loads is not refused, and what does not load is objected to.
  func agrees() throws -> Bool {
    let verdicts = try verdicts()
    return loads
      ? verdicts.allSatisfy { !$0.isRefusal } : verdicts.contains { $0.objection != nil }
  }

  var description: String {
    "\(engine), \(format), \(scheme.weights.bits) bits, \(scheme.weights.granularity), "
      + "\(scheme.weights.isSymmetric ? "symmetric" : "asymmetric"), \(hidden) x \(inner)"
  }
}

@Suite struct `The rules of engines, beside the engines' own answers` {
  private func answers() throws -> [Answer] {
    let url = try #require(Bundle.module.resourceURL)
      .appendingPathComponent("Fixtures/engine-answers.json")
    return try JSONValue(parsing: Array(Data(contentsOf: url))).member("answers").array.map(
      Answer.init)
  }

  /// Where the rules are about GPUs, or about more than one Linear, and a CPU answers otherwise.
  private func isKnown(_ answer: Answer) -> String? {
    let (weights, width) = (answer.scheme.weights, answer.inner)
    switch answer.engine {
    case "vllm" where weights.bits == 8 && answer.scheme.activations == nil:
      return "on a CPU, vLLM has kernels for 4 bits only; the rule is that of its GPU kernels"
    case "vllm" where width % 32 != 0:
      return "on a CPU, vLLM wants the width of gate and up together to be a multiple of 32"
    case "transformers" where answer.format != "compressed-tensors" && width % 16 != 0:
      return "the kernel that transformers picks on a CPU wants outputs in multiples of 16"
    case "transformers" where answer.format != "compressed-tensors" && weights.bits == 4:
      if case .group(let size) = weights.granularity, [32, 64, 128, 256].contains(size) {
        return nil
      }
      return "the kernel that transformers picks on a CPU wants groups of 32, 64, 128 or 256"
    default: return nil
    }
  }

  @Test func `agree, except where the reason is known`() throws {
    let answers = try answers()
    #expect(answers.count >= 150 && answers.contains(where: \.loads))
    #expect(answers.count { !$0.loads } >= 20)
    for answer in answers where try !answer.agrees() {
      #expect(isKnown(answer) != nil, "\(answer): loads is \(answer.loads)")
    }
  }

  @Test func `differ wherever a reason is stated`() throws {
    var reasons: Set<String> = []
    for answer in try answers() where try !answer.agrees() {
      if let reason = isKnown(answer) { reasons.insert(reason) }
    }
    // A reason that explains no answer any more has to go.
    #expect(reasons.count == 4, "\(reasons)")
  }
}
