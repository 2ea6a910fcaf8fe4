// Folders as people have them: other names, leftovers of other programs, parts beside the decoder.

import Checkpoint
import Foundation
import JSON
import TestSupport
import Testing

/// What a model predicts for the tokens of a file.
private func prediction(_ model: String, in folder: TemporaryFolder) throws -> Double {
  try Command.succeed(
    "eval", model, "--text", "text.safetensors", "--length", "32", "--json", in: folder
  ).json().member("mean_log_probability").double
}

private func withText<Result>(_ body: (TemporaryFolder) throws -> Result) throws -> Result {
  try TemporaryFolder.with { folder in
    try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(320, seed: 2)))
    return try body(folder)
  }
}

private func quantize(_ arguments: String..., in folder: TemporaryFolder) throws -> Outcome {
  let outcome = try Command.start(
    ["quantize", "model", "-o", "out", "--method", "rtn", "--group-size", "32"] + arguments,
    in: folder
  ).finish()
  try #require(outcome.status == 0, "\(outcome.errors)")
  return outcome
}

@Suite struct `A folder as the field leaves it` {
  @Test func `has the scaling of rope_scaling where rope_parameters stands beside it`() throws {
    try withText { folder in
      let scaling = #"{"rope_type": "linear", "factor": 4.0}"#
      var tiny = TinyModel()
      tiny.configure("rope_theta", "100.0")
      try tiny.write("plain", in: folder)
      tiny.configure("rope_scaling", scaling)
      try tiny.write("scaled", in: folder)
      tiny.configure("rope_parameters", #"{"rope_type": "default", "rope_theta": 100.0}"#)
      try tiny.write("both", in: folder)
      let expected = try prediction("scaled", in: folder)
      #expect(try prediction("both", in: folder) == expected)
      #expect(try prediction("plain", in: folder) != expected)
    }
  }

  @Test(arguments: [
    "", "model.language_model.", "language_model.model.", "model.model.", "base_model.model.model.",
  ])
  func `may have another prefix before the names of its tensors`(prefix: String) throws {
    try withText { folder in
      var tiny = TinyModel()
      try tiny.write("usual", in: folder)
      tiny.tensors = tiny.tensors.map {
        .init(prefix + $0.name.dropFirst("model.".count), $0.type, $0.shape, $0.data)
      }
      try tiny.write("model", in: folder)
      #expect(try prediction("model", in: folder) == prediction("usual", in: folder))
      let outcome = try quantize(in: folder)
      // Engines find them under some prefixes only.
      let isFound = ["", "model.model."].contains(prefix)
      #expect(outcome.errors.contains("will load in ") == isFound)
      #expect(
        outcome.errors.contains("warning: tensors: their names begin with \(prefix.dropLast(6))")
          == !isFound)
      let names = try SafetensorsFile(path: folder.path("out/model.safetensors")).entries.map(
        \.name)
      #expect(names.contains("\(prefix)layers.0.mlp.up_proj.weight_packed"))
    }
  }

  @Test func `may be part of a model of text and images, whose rest is copied`() throws {
    try withText { folder in
      var tiny = TinyModel()
      try tiny.write("usual", in: folder)
      let members = tiny.configuration.map { "\"\($0.name)\": \($0.json)" }
      tiny.configuration = [
        ("model_type", "\"llava\""), ("text_config", "{\(members.joined(separator: ","))}"),
      ]
      tiny.tensors = tiny.tensors.map {
        .init("language_model.\($0.name)", $0.type, $0.shape, $0.data)
      }
      let eye = RawSafetensors.Tensor(
        "vision_tower.blocks.0.fc1.weight", "F32", [2, 2],
        RawSafetensors.bytes([1, 2, 3, 4] as [Float]))
      tiny.tensors.append(eye)
      try tiny.write("model", in: folder)
      #expect(try prediction("model", in: folder) == prediction("usual", in: folder))
      _ = try quantize(in: folder)
      let config = try JSONValue(parsing: folder.read("out/config.json"))
      let ignored = try config.member("quantization_config").member("ignore").strings
      #expect(ignored == ["re:.*vision_tower.*", "lm_head"])
      let copied = try SafetensorsFile(path: folder.path("out/model.safetensors"))
      #expect(copied.floats("vision_tower.blocks.0.fc1.weight") == [1, 2, 3, 4])
    }
  }

  @Test func `may have a head of a classifier, which readers must not take for quantized`() throws {
    try withText { folder in
      var tiny = TinyModel()
      tiny.tensors.append(
        .init(
          "score.weight", "F32", [1, 32], RawSafetensors.bytes([Float](repeating: 1, count: 32))))
      tiny.configure("architectures", #"["LlamaForSequenceClassification"]"#)
      try tiny.write("model", in: folder)
      _ = try quantize(in: folder)
      func ignored(_ name: String) throws -> [String] {
        try JSONValue(parsing: folder.read("\(name)/config.json")).member("quantization_config")
          .member("ignore").strings
      }
      #expect(try ignored("out") == ["score", "lm_head"])
    }
  }

  @Test func `may be a cache folder of the hub`() throws {
    try withText { folder in
      try TinyModel().write("models--a--b/snapshots/0123", in: folder)
      try TinyModel(seed: 2).write("models--a--b/snapshots/4567", in: folder)
      try folder.write("models--a--b/refs/main", "4567\n")
      #expect(
        try prediction("models--a--b", in: folder)
          == prediction("models--a--b/snapshots/4567", in: folder))
    }
  }

  @Test func `may be AutoGPTQ's, with settings and weights in files of other names`() throws {
    try withText { folder in
      try TinyModel().write("model", in: folder)
      _ = try quantize("--format", "gptq", in: folder)
      let expected = try prediction("out", in: folder)
      var config = try JSONValue(parsing: folder.read("out/config.json"))
      guard case .object(var object) = config else { return }
      object["quantization_config"] = nil
      config = .object(object)
      try folder.write("old/config.json", config.bytes(.pretty))
      try folder.write("old/quantize_config.json", folder.read("out/quantize_config.json"))
      try folder.write(
        "old/gptq_model-4bit-32g.safetensors", folder.read("out/model.safetensors"))
      #expect(try prediction("old", in: folder) == expected)
    }
  }

  @Test func `keeps its named chat templates, and leaves an adapter behind with a warning`() throws
  {
    try withText { folder in
      try TinyModel().write("model", in: folder)
      try folder.write("model/additional_chat_templates/tool_use.jinja", "{{ tools }}")
      try folder.write("model/adapter_config.json", "{}")
      try folder.write("model/adapter_model.safetensors", RawSafetensors.file([]))
      let outcome = try quantize(in: folder)
      #expect(outcome.errors.contains("warning: adapter_config.json: "))
      #expect(
        try folder.read("out/additional_chat_templates/tool_use.jinja") == Array("{{ tools }}".utf8)
      )
      #expect(try !folder.names(in: "out").contains { $0.hasPrefix("adapter") })
    }
  }

  @Test func `keeps the modules that sentence-transformers puts behind a model`() throws {
    try withText { folder in
      try TinyModel().write("model", in: folder)
      try folder.write(
        "model/modules.json", #"[{"path": ""}, {"path": "1_Pooling"}, {"path": "../../etc"}]"#)
      try folder.write("model/1_Pooling/config.json", "{}")
      try folder.write("model/other/config.json", "{}")
      _ = try quantize(in: folder)
      #expect(try folder.read("out/1_Pooling/config.json") == Array("{}".utf8))
      #expect(try !folder.names(in: "out").contains("other"))
    }
  }

  /// transformers keeps the experts of a block in one tensor.
  @Test(arguments: [
    ([], true), (["--ignore", "experts"], false), (["--ignore", "layers.1"], false),
    (["--bits-plan", "plan.json"], false),
  ])
  func `with experts says whether transformers loads what is stored`(options: [String], loads: Bool)
    throws
  {
    try withText { folder in
      try TinyModel.mixture().write("model", in: folder)
      try folder.write(
        "plan.json", #"{"bits": {"model.layers.*.*.*": 4, "model.layers.*.mlp.experts.*.*": 8}}"#)
      let outcome = try Command.start(
        ["quantize", "model", "-o", "out", "--method", "rtn", "--group-size", "16", "--dry-run"]
          + options,
        in: folder
      ).finish()
      try #require(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("transformers gives experts wrong weights") != loads)
      let loaders = outcome.output.split(separator: "\n").first { $0.hasPrefix("loads in") }
      #expect((loaders?.contains("transformers") ?? false) == loads, "\(outcome.output)")
    }
  }

  @Test func `takes model.safetensors where shards of an older version lie beside it`() throws {
    try withText { folder in
      try TinyModel().write("usual", in: folder)
      try TinyModel(seed: 3).write("model", in: folder, shards: 2)
      try folder.write("model/model.safetensors", folder.read("usual/model.safetensors"))
      #expect(try prediction("model", in: folder) == prediction("usual", in: folder))
    }
  }

  /// A `dynamic` rotation depends on the length of each sequence beyond the stated one.
  @Test(arguments: [("yarn", 256), ("dynamic", 128)])
  func `may have a context that its rotation stretches`(kind: String, context: Int) throws {
    try withText { folder in
      var tiny = TinyModel()
      tiny.configure("rope_scaling", #"{"rope_type": "\#(kind)", "factor": 2.0}"#)
      try tiny.write("model", in: folder)
      try Command.succeed(
        "eval", "model", "--text", "text.safetensors", "--length", "\(context)", in: folder)
      let refused = try Command.run(
        "eval", "model", "--text", "text.safetensors", "--length", "\(context + 1)", in: folder)
      #expect(refused.status != 0 && refused.errors.contains("\(context)"))
    }
  }

  @Test func `is refused where something in it would be left out`() throws {
    try withText { folder in
      func refusal(_ change: (inout TinyModel) -> Void) throws -> String {
        var tiny = TinyModel()
        change(&tiny)
        try? folder.remove("model")
        try tiny.write("model", in: folder)
        let outcome = try Command.run(
          "eval", "model", "--text", "text.safetensors", "--length", "32", in: folder)
        #expect(outcome.status == 1)
        return outcome.errors
      }
      let ones = RawSafetensors.bytes([Float](repeating: 1, count: 32))
      let unread = try refusal {
        $0.tensors.append(.init("model.layers.1.self_attn.q_norm.weight", "F32", [32], ones))
      }
      #expect(unread.contains("model.layers.1.self_attn.q_norm.weight"))
      let head = RawSafetensors.bytes([Float](repeating: 1, count: 64 * 32))
      let untied = try refusal {
        $0.tensors.append(.init("lm_head.weight", "F32", [64, 32], head))
      }
      #expect(untied.contains("lm_head.weight") && untied.contains("tie_word_embeddings"))
    }
  }
}
