// Linears of a finished result that are solved again, while the others are taken over.

import Checkpoint
import JSON
import LinearAlgebra
import TestSupport
import Testing

/// Calibration on the tokens that `write` stores.
private func quantize(_ output: String, _ options: String...) -> [String] {
  [
    "quantize", "model", "-o", output, "--group-size", "32", "--calibration", "text.safetensors",
    "--samples", "8", "--length", "32",
  ] + options
}

extension TemporaryFolder {
  /// Runs a body in a folder with a model, tokens, and the model quantized as `base`.
  fileprivate static func withBase(
    _ options: String..., body: (TemporaryFolder) throws -> Void
  ) throws {
    try with { folder in
      // In float16, so that other formats hold the same scales.
      try TinyModel(.float16).write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      try Command.succeed(quantize("base") + options, in: folder)
      try body(folder)
    }
  }

  /// The tensors of a result that differ from those of another one, without what a Linear's name is followed by.
  fileprivate func changedLinears(from base: String, to result: String) throws -> Set<String> {
    let (old, new) = (
      try ModelFolder(path: path(base)), try ModelFolder(path: path(result))
    )
    let changed = new.tensors.filter { tensor in
      tensor.bytes != old.tensor(tensor.name)?.bytes
    }
    return Set(changed.map { $0.name.split(separator: ".").dropLast().joined(separator: ".") })
  }
}

extension ModelFolder.TensorReference {
  fileprivate var bytes: [UInt8] {
    withBytes { span in unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } }
  }
}

@Suite struct `Linears that are solved again` {
  @Test(arguments: ["compressed-tensors", "gptq", "awq"], ["fast", "balanced"])
  func `are as they were, with the same settings`(format: String, preset: String) throws {
    let options = ["--format", format, "--preset", preset, "--asymmetric"]
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      try Command.succeed(quantize("base") + options, in: folder)
      let again = ["--base", "base", "--redo", "layers.0.mlp.down_proj,layers.1.self_attn"]
      try Command.succeed(quantize("out") + options + again, in: folder)
      #expect(try folder.changedLinears(from: "base", to: "out") == [])
      let linears = { (name: String) in
        try JSONValue(parsing: folder.read("\(name)/ptq-report.json")).member("linears").array
          .map { ($0.value["name"], $0.value["held_out_error"], $0.value["taken_over"]) }
      }
      let errors = Dictionary(
        uniqueKeysWithValues: try linears("base").map { ("\($0.0 ?? .null)", $0.1) })
      for (name, error, isTaken) in try linears("out") {
        // Those that are taken over have not been measured again.
        #expect(error == (isTaken == true ? .null : errors["\(name ?? .null)"]))
      }
      #expect(try linears("out").filter { $0.2 == true }.count == 9)
    }
  }

  @Test func `have other bits, and nothing else changes`() throws {
    try TemporaryFolder.withBase { folder in
      let outcome = try Command.succeed(
        quantize("out", "--base", "base", "--redo", "q_proj", "--bits", "8", "--method", "cd"),
        in: folder)
      // With q go k and v.
      let changed = (0..<2).flatMap { block in
        ["q_proj", "k_proj", "v_proj"].map { "model.layers.\(block).self_attn.\($0)" }
      }
      #expect(try folder.changedLinears(from: "base", to: "out") == Set(changed))
      #expect(outcome.output.contains("\n14 Linears lose what the report says"))
      let inspected = try Command.succeed("inspect", "out", in: folder).output
      #expect(inspected.split(separator: "\n").filter { $0.contains("  8     32") }.count == 6)
      #expect(inspected.split(separator: "\n").filter { $0.contains("  4     32") }.count == 8)
      let perplexity = { (model: String) in
        try Command.succeed(
          "eval", model, "--text", "text.safetensors", "--length", "32", "--json", in: folder
        ).json().member("perplexity").double
      }
      #expect(abs(try perplexity("out") / perplexity("base") - 1) < 0.3)
    }
  }

  @Test func `are solved where they had stayed dense`() throws {
    try TemporaryFolder.withBase("--ignore", "layers.1") { folder in
      try Command.succeed(
        quantize("out", "--base", "base", "--redo", "layers.1.mlp.down_proj"), in: folder)
      let result = try ModelFolder(path: folder.path("out"))
      #expect(result.tensor("model.layers.1.mlp.down_proj.weight_packed") != nil)
      #expect(result.tensor("model.layers.1.mlp.up_proj.weight") != nil)
      let configuration = result.configuration["quantization_config"]?.text(.compact) ?? ""
      #expect(configuration.contains("model.layers.1.mlp.up_proj"))
      #expect(!configuration.contains("model.layers.0.mlp.up_proj"))
    }
  }

  @Test(arguments: [
    (
      ["--redo", "up_proj", "--base", "model"],
      "model: is not quantized, so no Linears can be taken over from it"
    ),
    (
      ["--redo", "up_proj", "--base", "base", "--method", "awq"],
      "the method awq changes what other Linears read, and those are to stay as they are; use --method gptq, or "
        + "use --method cd"
    ),
    (
      ["--redo", "up_proj", "--base", "base", "--format", "gptq"],
      "base: is stored as compressed-tensors, not as gptq; use --format compressed-tensors"
    ),
    (
      ["--redo", "up", "--base", "base"],
      "up: no Linear of the decoder blocks has such a name; one of them is model.layers.0.mlp.down_proj"
    ),
    (
      ["--redo", "up_proj", "--base", "converted", "--format", "gptq"],
      "converted: has no ptq-report.json, or no ptq-manifest.json with the digests of the model; Linears can be "
        + "taken over from a folder that was quantized here, and not from a converted one"
    ),
    (
      ["--redo", "up_proj", "--base", "scaled"],
      "scaled: was made by smoothquant, which changed what its Linears read; all of them must be solved again"
    ),
    (
      ["--redo", "up_proj", "--base", "plain", "--format", "gptq", "--bits", "8"],
      "gptq stores one scheme for all Linears, and model.layers.0.self_attn.q_proj has another one than those to be "
        + "solved again; give the same bits, group size and symmetry"
    ),
  ])
  func `must fit the others`(options: [String], message: String) throws {
    try TemporaryFolder.withBase { folder in
      try Command.succeed("convert", "base", "-o", "converted", "--format", "gptq", in: folder)
      try Command.succeed(quantize("plain", "--format", "gptq"), in: folder)
      try Command.succeed(
        quantize("scaled", "--method", "smoothquant", "--group-size", "channel"), in: folder)
      let outcome = try Command.start(quantize("out") + options, in: folder).finish()
      #expect(outcome.errors.split(separator: "\n").last == "Error: \(message)")
      #expect(outcome.status == 1)
    }
  }

  @Test(arguments: [
    ("base/ptq-report.json", "damaged", "base: is not what was written: ptq-report.json: "),
    ("base/model.safetensors", "damaged", "base: is not what was written: model.safetensors: "),
    ("model/config.json", "changed", "base: was not made from model/config.json, or that file"),
  ])
  func `are not taken over from what has changed`(
    file: String, kind: String, message: String
  ) throws {
    try TemporaryFolder.withBase { folder in
      var bytes = try folder.read(file)
      if kind == "damaged" {
        bytes[bytes.count - 9] ^= 1
      } else {
        bytes = Array(String(decoding: bytes, as: UTF8.self).replacing("1e-5", with: "2e-5").utf8)
      }
      try folder.write(file, bytes)
      let outcome = try Command.start(
        quantize("out", "--base", "base", "--redo", "up_proj"), in: folder
      ).finish()
      #expect(outcome.errors.hasPrefix("Error: \(message)"), "\(outcome.errors)")
      #expect(outcome.status == 1)
    }
  }

  @Test(arguments: ["int8", "static"])
  func `may have rounded inputs where the others have none`(method: String) throws {
    try TemporaryFolder.withBase { folder in
      var arguments = quantize("out", "--base", "base", "--redo", "up_proj", "--method", method)
      arguments[5] = "channel"
      try Command.succeed(arguments, in: folder)
      try Command.succeed("verify", "out", "--against", "model", in: folder)
      let rows = try Command.succeed("inspect", "out", in: folder).output.split(separator: "\n")
      for (name, hasInputs) in [("gate_proj", true), ("up_proj", true), ("down_proj", false)] {
        let row = rows.first { $0.contains("0.mlp.\(name)") } ?? ""
        let isRounded = row.contains("per token") || row.contains("scale 0.")
        #expect(isRounded == hasInputs, "\(row)")
      }
    }
  }

  @Test(arguments: ["compressed-tensors", "gptq", "mlx"], [true, false])
  func `leave a quantized head as it is, unless they are it`(format: String, tied: Bool) throws {
    try TemporaryFolder.with { folder in
      var model = TinyModel(.bfloat16)
      if !tied { model.addHead(.bfloat16) }
      try model.write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      try Command.succeed(quantize("base", "--format", format, "--head"), in: folder)
      let head = tied && format == "mlx" ? "model.embed_tokens" : "lm_head"
      func report(_ name: String) throws -> JSONValue? {
        try JSONValue(parsing: folder.read("\(name)/ptq-report.json")).member("linears").array.last
          .map(\.value)
      }
      for (output, redone) in [("kept", "0.mlp.down_proj"), ("again", "lm_head,o_proj")] {
        try Command.succeed(
          quantize(output, "--format", format, "--base", "base", "--redo", redone), in: folder)
        try Command.succeed("verify", output, "--against", "model", in: folder)
        #expect(try report(output)?["name"] == .string(head))
      }
      #expect(try folder.changedLinears(from: "base", to: "kept") == [])
      #expect(try report("kept")?["taken_over"] == true)
      // What it reads is the same, and so is what it becomes.
      #expect(try folder.changedLinears(from: "base", to: "again") == [])
      #expect(try report("again")?["held_out_error"] == report("base")?["held_out_error"])
    }
  }

  @Test func `are not the head where that is dense`() throws {
    try TemporaryFolder.withBase { folder in
      let outcome = try Command.start(
        quantize("out", "--base", "base", "--redo", "lm_head"), in: folder
      ).finish()
      #expect(outcome.errors.hasPrefix("Error: lm_head: no Linear of the decoder blocks"))
      try Command.succeed(
        quantize("out", "--base", "base", "--redo", "lm_head", "--head"), in: folder)
      #expect(
        try ModelFolder(path: folder.path("out")).tensor("lm_head.weight_packed") != nil)
    }
  }

  @Test func `are those of the same model`() throws {
    try TemporaryFolder.withBase { folder in
      try folder.remove("model")
      try TinyModel(seed: 5).write("model", in: folder)
      let outcome = try Command.start(
        quantize("out", "--base", "base", "--redo", "up_proj"), in: folder
      ).finish()
      #expect(
        outcome.errors
          == "Error: base: was not made from model/model.safetensors, or that file has changed since\n"
      )
    }
  }

  @Test func `may be those of a GGUF file, and of another type`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel(.float32).write("model", in: folder)
      try folder.write("model/tokenizer.json", TinyModel.tokenizer)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      let command = [
        "quantize", "model", "--calibration", "text.safetensors", "--length", "32", "--format",
        "gguf",
      ]
      try Command.succeed(command + ["-o", "base.gguf", "--type", "Q4_0"], in: folder)
      let again = ["--base", "base.gguf", "--redo"]
      try Command.succeed(
        command + ["-o", "same.gguf", "--type", "Q4_0"] + again + ["layers.1.mlp"], in: folder)
      let made = try Command.succeed(
        command + ["-o", "out.gguf", "--type", "Q8_0"] + again + ["down_proj,layers.0.self_attn"],
        in: folder)
      #expect(made.output.contains("8 Linears are taken over"), "\(made.output)")
      func entries(_ name: String) throws -> [String: (type: GGUFType, bytes: [UInt8])] {
        let file = try GGUFFile(path: folder.path(name))
        return Dictionary(
          uniqueKeysWithValues: file.entries.map {
            ($0.name, ($0.type, file.file.copy($0.range)))
          })
      }
      let (base, same, out) = (
        try entries("base.gguf"), try entries("same.gguf"), try entries("out.gguf")
      )
      for (name, (type, bytes)) in base {
        #expect(same[name]?.type == type && same[name]?.bytes == bytes, "\(name)")
        let isRedone = name.contains("ffn_down") || name.hasPrefix("blk.0.attn_") && type == .q40
        #expect((out[name]?.bytes == bytes) == !isRedone, "\(name)")
        if isRedone { #expect(out[name]?.type == .q80, "\(name)") }
      }
      try Command.succeed("verify", "out.gguf", "--against", "model", in: folder)
      let refused = try Command.start(
        command + ["-o", "no.gguf", "--type", "Q4_0", "--base", "model", "--redo", "down_proj"],
        in: folder
      ).finish()
      #expect(refused.errors.contains("model: is not quantized"), "\(refused.errors)")
    }
  }

  @Test func `leave an embedding in few bits as it is, unless bits are given`() throws {
    try TemporaryFolder.withBase("--format", "mlx", "--embedding-bits", "4") { folder in
      let again = ["--format", "mlx", "--base", "base", "--redo", "down_proj"]
      try Command.succeed(quantize("out") + again, in: folder)
      let table = "model.embed_tokens"
      #expect(try !folder.changedLinears(from: "base", to: "out").contains(table))
      let tables = try JSONValue(parsing: folder.read("out/ptq-report.json")).member("tables").array
      #expect(try tables.map { try $0.member("name").string } == [table])
      try Command.succeed(quantize("other") + again + ["--embedding-bits", "8"], in: folder)
      #expect(try folder.changedLinears(from: "base", to: "other").contains(table))
      try Command.succeed("verify", "out", "--against", "model", in: folder)
    }
  }
}
