// Types of single tensors of a GGUF file, planned by hand or under a budget.

import Checkpoint
import Foundation
import JSON
import LinearAlgebra
import TestSupport
import Testing

private let calibrated = [
  "--calibration", "text.safetensors", "--length", "32", "--format", "gguf",
]

private func withModel(
  _ model: TinyModel = TinyModel(.float32), _ body: (TemporaryFolder) throws -> Void
) throws {
  try TemporaryFolder.with { folder in
    try model.write("model", in: folder)
    try folder.write("model/tokenizer.json", TinyModel.tokenizer)
    try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
    try body(folder)
  }
}

extension TemporaryFolder {
  /// What a run with a plan says when it fails.
  fileprivate func refusal(
    _ entries: String, _ options: [String] = []
  ) throws -> String {
    try write("plan.json", "{\"bits\": {\(entries)}}")
    let outcome = try Command.start(
      ["quantize", "model", "-o", "x.gguf", "--bits-plan", "plan.json"] + calibrated + options,
      in: self
    ).finish()
    #expect(outcome.status == 1)
    return outcome.errors
  }
}

extension GGUFFile {
  /// The matrices of the decoder blocks.
  fileprivate var linears: [Entry] {
    entries.filter { $0.name.hasPrefix("blk.") && $0.dimensions.count == 2 }
  }
}

@Suite struct `A plan of types for a GGUF file` {
  @Test func `goes before the mixture, also for the embedding`() throws {
    try withModel { folder in
      try folder.write(
        "plan.json",
        #"""
        {"bits": {"model.layers.*.self_attn.v_proj": "Q8_0", "model.layers.1.mlp.down_proj": "Q5_1",
         "model.embed_tokens": "Q4_1"}}
        """#)
      try Command.succeed(
        ["quantize", "model", "-o", "x.gguf", "--bits-plan", "plan.json", "--type", "Q4_0"]
          + calibrated, in: folder)
      let file = try GGUFFile(path: folder.path("x.gguf"))
      let types = Dictionary(uniqueKeysWithValues: file.entries.map { ($0.name, $0.type) })
      let expected: [(String, GGUFType)] = [
        ("blk.0.attn_q", .q40), ("blk.0.attn_v", .q80), ("blk.1.attn_v", .q80),
        ("blk.0.ffn_down", .q40), ("blk.1.ffn_down", .q51), ("token_embd", .q41),
      ]
      for (name, type) in expected { #expect(types["\(name).weight"] == type, "\(name)") }
      #expect(file["general.file_type"] == .uint32(2))
      try Command.succeed("verify", "x.gguf", "--against", "model", in: folder)
    }
  }

  @Test func `names the file by the type of most weights`() throws {
    try withModel { folder in
      try folder.write("plan.json", #"{"bits": {"model.layers.*.*.*": "Q5_0"}}"#)
      try Command.succeed(
        ["quantize", "model", "-o", "x.gguf", "--bits-plan", "plan.json"] + calibrated, in: folder)
      let file = try GGUFFile(path: folder.path("x.gguf"))
      #expect(file["general.file_type"] == .uint32(8))
    }
  }

  @Test func `says which types do not fill the rows, and names no head that is the embedding`()
    throws
  {
    try withModel { folder in
      try folder.write(
        "plan.json",
        #"{"bits": {"model.layers.*.*.*": "Q8_0", "model.layers.1.mlp.up_proj": "Q4_K"}}"#)
      let outcome = try Command.start(
        ["quantize", "model", "-o", "x.gguf", "--bits-plan", "plan.json"] + calibrated, in: folder
      ).finish()
      #expect(outcome.status == 0)
      #expect(
        outcome.errors.contains(
          "a planned type do not fill the rows, another takes its place: Q4_K as Q5_0"
        ),
        "\(outcome.errors)")
      try folder.remove("x.gguf")
      let refused = try folder.refusal(#""lm_head": "Q4_0""#)
      #expect(refused.contains("names lm_head, which no Linear of the model is called"))
    }
  }

  @Test(arguments: [
    (
      #""model.layers.*.*.*": 4"#, [], "bits.model.layers.*.*.*: expected one of TQ1_0, TQ2_0, Q2_K"
    ),
    (#""model.layers.*.*.*": "Q4_K_M""#, [], "found Q4_K_M"),
    (#""model.layers.2.*.*": "Q4_0""#, [], "names model.layers.2"),
    (
      #""model.layers.*.*.*": "Q4_K""#, ["-o", "x", "--format", "mlx", "--group-size", "32"],
      "expected an integer, found Q4_K"
    ),
  ])
  func `is refused where there are no such types or Linears`(
    entries: String, options: [String], words: String
  ) throws {
    try withModel { folder in
      let said = try folder.refusal(entries, options)
      #expect(said.contains(words), "\(said)")
    }
  }

  @Test func `has one type for all experts of a tensor`() throws {
    try withModel(.mixture()) { folder in
      let words = try folder.refusal(#""model.layers.0.mlp.experts.1.up_proj": "Q8_0""#)
      #expect(words.contains("experts.0.up_proj nothing and"))
      try folder.write(
        "plan.json", #"{"bits": {"model.layers.*.mlp.experts.*.up_proj": "Q8_0"}}"#)
      try Command.succeed(
        ["quantize", "model", "-o", "x.gguf", "--bits-plan", "plan.json", "--type", "Q4_0"]
          + calibrated, in: folder)
      let types = Dictionary(
        uniqueKeysWithValues: try GGUFFile(path: folder.path("x.gguf")).entries.map {
          ($0.name, $0.type)
        })
      #expect(types["blk.0.ffn_up_exps.weight"] == .q80)
      #expect(types["blk.0.ffn_gate_exps.weight"] == .q40)
    }
  }
}

@Suite struct `A budget of bits for a GGUF file` {
  @Test func `counts whole blocks, and gives each matrix a type that fits it`() throws {
    try withModel { folder in
      let outcome = try Command.start(
        ["quantize", "model", "-o", "x.gguf", "--bits-budget", "5.2", "--save-bits-plan", "p.json"]
          + calibrated, in: folder
      ).finish()
      try #require(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains(/bits per weight of a budget of 5.2, chosen from Q2_K, Q3_K/))
      // Rows of 32 and 64 hold no super-blocks: Q2_K and Q3_K are both Q4_0, and cost the same.
      let lines = outcome.output.split(separator: "\n")
      #expect(lines[2].contains(#/^model.layers.0.self_attn.q_proj +1 024/#))
      let cells = lines[2].replacing("*", with: "").split(separator: " ")
      #expect(cells.count == 10 && cells[4] == cells[5] && cells[5] != cells[6])
      let file = try GGUFFile(path: folder.path("x.gguf"))
      let linears = file.linears
      let (bytes, weights) = linears.reduce(into: (0, 0)) { sum, entry in
        sum.0 += entry.range.count
        sum.1 += entry.dimensions.reduce(1, *)
      }
      #expect(linears.count == 14 && Double(8 * bytes) <= 5.2 * Double(weights))
      #expect(Set(linears.map(\.type)).isSubset(of: [.q40, .q50, .q51, .q80]))
      #expect(Set(linears.map(\.type)).count > 1)
      try Command.succeed(
        ["quantize", "model", "-o", "y.gguf", "--bits-plan", "p.json"] + calibrated, in: folder)
      let again = try GGUFFile(path: folder.path("y.gguf"))
      #expect(again.entries.map(\.type) == file.entries.map(\.type))
    }
  }

  @Test func `chooses among given types, or says that none is small enough`() throws {
    try withModel { folder in
      let command = ["quantize", "model", "-o", "x.gguf", "--bits-choices", "IQ4_NL,Q8_0"]
      let refused = try Command.start(
        command + ["--bits-budget", "4.2"] + calibrated, in: folder
      ).finish()
      #expect(refused.errors.contains("a budget of 4.2 bits is below the smallest choice of 4.5"))
      let unknown = try Command.start(
        command.dropLast() + ["Q4_K_M", "--bits-budget", "5"] + calibrated, in: folder
      ).finish()
      #expect(unknown.errors.contains("the type Q4_K_M, which gguf does not have; it has TQ1_0"))
      try Command.succeed(command + ["--bits-budget", "6"] + calibrated, in: folder)
      let types = try GGUFFile(path: folder.path("x.gguf")).linears.map(\.type)
      #expect(Set(types) == [.iq4NL, .q80])
    }
  }
}
