// The output folder, file by file and tensor by tensor, for the model that comes with the examples.

import Checkpoint
import Formats
import Foundation
import JSON
import TestSupport
import Testing

/// A call of `ptq quantize`, and the tensors that it stores for each Linear.
private struct Case: Sendable, CustomTestStringConvertible {
  let arguments: [String]
  let suffixes: Set<String>
  let hasQuantizeConfig: Bool
  var testDescription: String { arguments.joined(separator: " ") }
}

private let packed: Set = ["weight_packed", "weight_scale", "weight_shape"]
private let cases = [
  Case(arguments: [], suffixes: packed, hasQuantizeConfig: false),
  Case(
    arguments: ["--asymmetric"], suffixes: packed.union(["weight_zero_point"]),
    hasQuantizeConfig: false),
  Case(
    arguments: ["--method", "rtn", "--bits", "8", "--group-size", "channel"], suffixes: packed,
    hasQuantizeConfig: false),
  Case(
    arguments: ["--format", "gptq"], suffixes: ["qweight", "qzeros", "scales", "g_idx"],
    hasQuantizeConfig: true),
  Case(
    arguments: ["--method", "rtn", "--format", "gptq", "--asymmetric", "--range", "min-max"],
    suffixes: ["qweight", "qzeros", "scales", "g_idx"], hasQuantizeConfig: true),
]

private let companions = [
  "generation_config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json",
]

extension ModelFolder.TensorReference {
  /// A copy of the elements.
  fileprivate var bytes: [UInt8] {
    withBytes { span in unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } }
  }
}

/// Quantizes the example's model into `out`, calibrated on little text.
private func quantize(_ case: Case, in folder: TemporaryFolder) throws -> Outcome {
  let arguments =
    ["quantize", Command.tinyLlama, "--output", "out", "--group-size", "64", "--samples", "2"]
    + ["--length", "64", "--calibration", "\(Command.tinyLlama)/calibration.txt"]
  let outcome = try Command.start(arguments + `case`.arguments, in: folder).finish()
  try #require(outcome.status == 0, "\(outcome.errors)")
  return outcome
}

@Suite struct `The output of quantize` {
  @Test(arguments: cases)
  private func `has the files of the model, and says how it is quantized`(case: Case) throws {
    try TemporaryFolder.with { folder in
      _ = try quantize(`case`, in: folder)
      #expect(try folder.names() == ["out"])
      let own = ["config.json", "model.safetensors", "ptq-manifest.json", "ptq-report.json"]
      let extra = `case`.hasQuantizeConfig ? ["quantize_config.json"] : []
      #expect(try folder.names(in: "out") == (own + extra + companions).sorted())
      for name in companions {
        let original = try Data(contentsOf: URL(fileURLWithPath: "\(Command.tinyLlama)/\(name)"))
        #expect(try folder.read("out/\(name)") == [UInt8](original), "\(name)")
      }
      let before = try ModelFolder(path: Command.tinyLlama).configuration
      let after = try ModelFolder(path: folder.path("out")).configuration
      let names = try before.field.object.names
      #expect(try after.field.object.names == names + ["quantization_config"])
      for name in names { #expect(after[name] == before[name], "\(name)") }
      if `case`.hasQuantizeConfig {
        let repeated = try JSONValue(parsing: folder.read("out/quantize_config.json"))
        #expect(after["quantization_config"] == repeated)
      }
    }
  }

  @Test(arguments: cases)
  private func `holds every tensor of the model, Linears only in quantized form`(case: Case) throws
  {
    try TemporaryFolder.with { folder in
      _ = try quantize(`case`, in: folder)
      let before = try ModelFolder(path: Command.tinyLlama)
      let after = try ModelFolder(path: folder.path("out"))
      var expected: Set<String> = []
      for tensor in before.tensors {
        if tensor.name.hasSuffix("_proj.weight") {
          let module = tensor.name.dropLast("weight".count)
          expected.formUnion(`case`.suffixes.map { module + $0 })
        } else {
          expected.insert(tensor.name)
          let copy = try #require(after.tensor(tensor.name))
          #expect(copy.shape == tensor.shape, "\(tensor.name)")
          #expect(copy.bytes == tensor.bytes, "\(tensor.name)")
        }
      }
      #expect(expected.count == 12 + 35 * `case`.suffixes.count)
      #expect(Set(after.tensors.map(\.name)) == expected)
      #expect(before.configuration["tie_word_embeddings"] == true)
      #expect(after.tensor("lm_head.weight") == nil)
    }
  }

  @Test(arguments: cases)
  private func `is printed as a table, with everything else on standard error`(case: Case) throws {
    try TemporaryFolder.with { folder in
      let outcome = try quantize(`case`, in: folder)
      let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
      try #require(lines.count == 44)
      #expect(lines[0].hasPrefix("Linear  "))
      #expect(lines[1].allSatisfy { "- ".contains($0) })
      #expect(lines[2...36].allSatisfy { $0.hasPrefix("model.layers.") })
      #expect(lines[37].isEmpty)
      #expect(lines[38].hasPrefix("35 Linears, 3 932 160 weights, "))
      #expect(lines[38].contains("128 calibration and 64 held-out tokens"))
      #expect(lines[39].hasPrefix("damping raised for 0 Linears"))
      #expect(lines[40] == "written to out")
      #expect(lines[41].hasSuffix(" bytes are as they were written"))
      #expect(lines[42].contains(/^\d+ Linears lose what the report says, and \d+ other tensors/))
      #expect(lines[43].isEmpty)
      for line in outcome.errorLines {
        #expect(
          line.contains(/^\d+%  block \d/) || line.hasPrefix("warning: ")
            || line.hasPrefix("will load in ") || line.contains(/^\d+%  verifying/), "\(line)")
      }
      #expect(outcome.errorLines.filter { $0.contains("block") }.count == 5)
    }
  }

  @Test func `is printed as JSON on request, identical to the report in the folder`() throws {
    try TemporaryFolder.with { folder in
      let outcome = try quantize(
        Case(arguments: ["--json"], suffixes: [], hasQuantizeConfig: false), in: folder)
      var report = try outcome.json()
      // The time of a run is not part of its result.
      try report.setMember("seconds", to: .null)
      #expect(try JSONValue(parsing: folder.read("out/ptq-report.json")) == report)
      #expect(try report.member("method").string == "gptq")
      #expect(try report.member("calibration_tokens").int == 128)
      #expect(try report.member("held_out_tokens").int == 64)
      // A 16-bit scale for every 64 weights of 4 bits, and 128 bits for the shape of each Linear.
      #expect((4.25...4.252).contains(try report.member("bits_per_weight").double))
      let linears = try report.member("linears").array
      #expect(linears.count == 35)
      for linear in linears {
        #expect(try linear.member("damping").double == 0.01)
        // The solver fits the 128 tokens that it sees better than the others.
        let (seen, unseen) = (
          try linear.member("calibration_error").double, try linear.member("held_out_error").double
        )
        #expect(0 < seen && seen < unseen && unseen < 0.02)
      }
    }
  }
}

@Suite struct `Statistics that a run keeps` {
  @Test func `are those that one Linear is solved from`() throws {
    try TemporaryFolder.with { folder in
      let calibration = [
        "--calibration", "\(Command.tinyLlama)/calibration.txt", "--samples", "8", "--length", "64",
      ]
      // One Linear is measured in float32 unless asked otherwise.
      let run = try Command.start(
        ["quantize", Command.tinyLlama, "-o", "out", "--group-size", "64", "--json"]
          + ["--statistics", "kept", "--compute", "float32"] + calibration, in: folder
      ).finish()
      try #require(run.status == 0, "\(run.errors)")
      // One file for each input: q/k/v, o, gate/up and down of five blocks.
      let names = try folder.names().contains("kept")
      #expect(names)
      let name = "model.layers.0.self_attn.q_proj"
      let layer = try Command.start(
        ["layer", "--weights", "\(Command.tinyLlama)/model.safetensors:\(name).weight"]
          + ["--statistics", "kept/\(name).safetensors", "--methods", "gptq"]
          + ["--group-sizes", "64", "--json"], in: folder
      ).finish()
      try #require(layer.status == 0, "\(layer.errors)")
      let recorded = try run.json().member("linears").array[0]
      let solved = try layer.json().member("candidates").array[0].member("linears").array[0]
      #expect(try recorded.member("name").string == name)
      for error in ["calibration_error", "held_out_error", "weight_error"] {
        #expect(try recorded.member(error).double == solved.member(error).double, "\(error)")
      }
      let again = try Command.start(
        [
          "quantize", Command.tinyLlama, "-o", "again", "--group-size", "64", "--statistics",
          "kept",
        ]
          + calibration, in: folder
      ).finish()
      #expect(again.status == 1 && again.errors.contains("kept"))
      #expect(try !folder.names().contains("again"))
    }
  }
}
