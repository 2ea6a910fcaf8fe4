// A quantized head: solved, stored, read back and verified, also where the model shares it with the embedding.

import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private let calibrated = [
  "--calibration", "text.safetensors", "--length", "32", "--group-size", "32",
]

private func withModel(tied: Bool, _ body: (TemporaryFolder) throws -> Void) throws {
  try TemporaryFolder.with { folder in
    var model = TinyModel(.bfloat16)
    if !tied { model.addHead(.bfloat16) }
    try model.write("model", in: folder)
    try folder.write("model/tokenizer.json", TinyModel.tokenizer)
    try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
    try body(folder)
  }
}

@Suite struct `A quantized head` {
  @Test(arguments: [true, false], ["gptq", "rotate+gptq", "awq+gptq"])
  func `is solved like other Linears`(tied: Bool, method: String) throws {
    try withModel(tied: tied) { folder in
      let made = try Command.succeed(
        ["quantize", "model", "-o", "out", "--head", "--method", method] + calibrated, in: folder)
      #expect(made.output.contains(#/lm_head +64 x 32 +4\.5/#))
      let isTold = made.errors.contains("head: no longer shares its weights with the embedding")
      #expect(isTold == (tied && !method.hasPrefix("rotate")))
      let config = try JSONValue(parsing: folder.read("out/config.json"))
      #expect(config["tie_word_embeddings"] == false)
      #expect(config["quantization_config"]?["ignore"] == [])
      let group = config["quantization_config"]?["config_groups"]?["group_0"]
      #expect(group?["targets"] == ["Linear", "lm_head"])
      let result = try ModelFolder(path: folder.path("out"))
      #expect(
        result.tensor("lm_head.weight_packed") != nil && result.tensor("lm_head.weight") == nil)
      #expect(result.tensor("model.embed_tokens.weight") != nil)
      #expect(
        try Command.succeed("inspect", "out", in: folder).output.contains(#/lm_head .* 4 +32/#))
      try Command.succeed("verify", "out", "--against", "model", in: folder)
      let judged = try Command.succeed(
        "eval", "out", "--text", "text.safetensors", "--length", "32", "--reference", "model",
        "--json", in: folder)
      let divergence = try judged.json().member("kl_divergence").double
      #expect(divergence > 0 && divergence < 2, "\(divergence)")
    }
  }

  @Test func `loses less of the output than one that is rounded to nearest`() throws {
    try withModel(tied: false) { folder in
      func error(_ method: String) throws -> Double {
        let made = try Command.succeed(
          ["quantize", "model", "-o", method, "--head", "--method", method, "--json"] + calibrated,
          in: folder)
        let linears = try made.json().member("linears").array
        let head = try #require(linears.last)
        #expect(try head.member("name").string == "lm_head")
        return try head.member("calibration_error").double
      }
      let (solved, nearest) = (try error("gptq"), try error("rtn"))
      #expect(solved < nearest)
    }
  }

  @Test(arguments: [true, false], ["gptq", "mlx", "gguf"])
  func `is solved in the other formats that have a place for it`(
    tied: Bool, format: String
  ) throws {
    try withModel(tied: tied) { folder in
      let output = format == "gguf" ? "out.gguf" : "out"
      let type = format == "gguf" ? ["--type", "Q4_0"] : ["--group-size", "32"]
      func made(_ method: String, _ head: [String]) throws -> JSONValue {
        try Command.succeed(
          [
            "quantize", "model", "-o", "\(method)-\(output)", "--format", format, "--method",
            method, "--json",
          ]
            + type + calibrated.dropLast(2) + head, in: folder
        ).json()
      }
      let (solved, nearest) = (try made("gptq", ["--head"]), try made("rtn", ["--head"]))
      let name = tied && format != "gptq" ? "model.embed_tokens" : "lm_head"
      func error(_ report: JSONValue) throws -> Double {
        let head = try #require(try report.field.member("linears").array.last)
        #expect(try head.member("name").string == name)
        return try head.member("calibration_error").double
      }
      #expect(try error(solved) < error(nearest))
      // The embedding of an untied model is a table as ever.
      let tables = try solved.field.optionalMember("tables")?.array.map {
        try $0.member("name").string
      }
      #expect(tables == (tied || format == "gptq" ? nil : ["model.embed_tokens"]))
      try Command.succeed("verify", "gptq-\(output)", "--against", "model", in: folder)
      let judged = try Command.succeed(
        "eval", "gptq-\(output)", "--text", "text.safetensors", "--length", "32", "--reference",
        "model",
        "--json", in: folder)
      let divergence = try judged.json().member("kl_divergence").double
      #expect(divergence > 0 && divergence < 2, "\(divergence)")
    }
  }

  @Test func `of a composite model is untied wherever its configuration speaks of it`() throws {
    try withModel(tied: true) { folder in
      let config = try JSONValue(parsing: folder.read("model/config.json"))
      let whole: JSONValue = [
        "model_type": "llava", "architectures": ["LlavaForConditionalGeneration"],
        "tie_word_embeddings": true, "text_config": config,
      ]
      try folder.write("model/config.json", whole.text())
      try Command.succeed(["quantize", "model", "-o", "out", "--head"] + calibrated, in: folder)
      let written = try JSONValue(parsing: folder.read("out/config.json"))
      #expect(written["tie_word_embeddings"] == false)
      #expect(written["text_config"]?["tie_word_embeddings"] == false)
      // Such a result is still one of the same model.
      try Command.succeed(
        ["quantize", "model", "-o", "again", "--base", "out", "--redo", "down_proj"] + calibrated,
        in: folder)
    }
  }

  @Test func `stays dense where no codes can be found for it, if that is asked for`() throws {
    try withModel(tied: false) { folder in
      var model = TinyModel(.float32)
      model.configure("tie_word_embeddings", "false")
      // The last scale is beyond float32.
      let values = (0..<64 * 32).map {
        $0 < 64 * 32 - 1 ? Float(0.1) : Float.greatestFiniteMagnitude
      }
      model.tensors.append(
        .init("lm_head.weight", "F32", [64, 32], FloatFormat.float32.encode(values)))
      try model.write("model", in: folder)
      let command = ["quantize", "model", "-o", "out", "--head", "--method", "rtn"]
      let refused = try Command.start(command + calibrated, in: folder).finish()
      #expect(refused.status == 1 && refused.errors.contains("lm_head"))
      let made = try Command.start(
        command + calibrated + ["--on-failure", "keep-dense", "--discard"], in: folder
      ).finish()
      try #require(made.status == 0, "\(made.errors)")
      #expect(made.errors.contains("the head stays dense"))
      let result = try ModelFolder(path: folder.path("out"))
      #expect(result.tensor("lm_head.weight")?.shape.type == .float32)
      let config = try JSONValue(parsing: folder.read("out/config.json"))
      #expect(config["quantization_config"]?["config_groups"]?["group_0"]?["targets"] == ["Linear"])
    }
  }

  @Test(arguments: [
    (["--format", "awq"], "awq does not store the head as it stores other Linears"),
    (
      ["--method", "int8"],
      "inputs are rounded to 8 bits (w8a8), and engines multiply a head with inputs as they are"
    ),
  ])
  func `is refused where there is no place for it`(options: [String], words: String) throws {
    try withModel(tied: true) { folder in
      let outcome = try Command.start(
        ["quantize", "model", "-o", "out", "--head"] + calibrated.dropLast(2) + options, in: folder
      ).finish()
      #expect(outcome.status == 1 && outcome.errors.contains(words), "\(outcome.errors)")
    }
  }

  @Test(arguments: ["compressed-tensors", "gptq", "mlx"], ["compressed-tensors", "gptq", "mlx"])
  func `is converted with the blocks`(source: String, target: String) throws {
    try TemporaryFolder.with { folder in
      // In float16, in which all of them store scales.
      var model = TinyModel(.float16)
      model.addHead(.float16)
      try model.write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      try Command.succeed(
        ["quantize", "model", "-o", "out", "--head", "--format", source] + calibrated
          + (source == "mlx" ? ["--symmetric"] : []), in: folder)
      let convert = ["convert", "out", "-o", "other", "--format", target]
      if source == "mlx", target != "mlx" {
        // mlx has the embedding in integers as well.
        let refused = try Command.start(convert, in: folder).finish()
        #expect(
          refused.errors.contains(
            "model.embed_tokens: is quantized, which \(target) has no place for"))
        return
      }
      try Command.succeed(convert, in: folder)
      let shape = LinearShape(name: "lm_head", rows: 64, columns: 32)
      let weights = try ["out", "other"].map { name in
        let result = try ModelFolder(path: folder.path(name))
        let codec = try #require(try CheckpointFormats.all.format(of: result))
        return try codec.decode(shape, in: result, result.quantization ?? nil).weight.dequantized()
      }
      #expect(weights[0] == weights[1])
      try Command.succeed("verify", "other", in: folder)
      let judged = try Command.succeed(
        "eval", "other", "--text", "text.safetensors", "--length", "32", "--reference", "out",
        "--json", in: folder)
      #expect(try judged.json().member("kl_divergence").double < 1e-9)
    }
  }
}
