// Folders of an architecture that nobody knows: what they resemble, and how they are read as another.

import JSON
import TestSupport
import Testing

private func withModel<Result>(
  _ change: (inout TinyModel) -> Void = { _ in }, _ body: (TemporaryFolder) throws -> Result
) throws -> Result {
  try TemporaryFolder.with { folder in
    try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(320, seed: 2)))
    var tiny = TinyModel()
    try tiny.write("usual", in: folder)
    tiny.configure("model_type", #""mystery""#)
    change(&tiny)
    try tiny.write("model", in: folder)
    return try body(folder)
  }
}

private let prediction = ["--text", "text.safetensors", "--length", "32"]

@Suite struct `A folder of an unknown architecture` {
  @Test func `is refused with the families that could read it`() throws {
    try withModel { folder in
      let outcome = try Command.start(["eval", "model"] + prediction, in: folder).finish()
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains(#"the architecture "mystery" is not supported"#))
      #expect(outcome.errors.contains("call for: llama, "))
      #expect(outcome.errors.contains("try --as llama"))
    }
  }

  @Test func `is refused with the first difference from what it resembles`() throws {
    try withModel {
      $0.configure("attention_multiplier", "0.5")
    } _: { folder in
      let outcome = try Command.start(["inspect", "model"], in: folder).finish()
      #expect(outcome.status == 1)
      // Granite has the multiplier, but others with it.
      #expect(!outcome.errors.contains("llama"), "\(outcome.errors)")
    }
    try withModel {
      $0.replace("model.layers.1.mlp.up_proj.weight") { _ in nil }
    } _: { folder in
      let outcome = try Command.start(["inspect", "model"], in: folder).finish()
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("it resembles "))
      #expect(outcome.errors.contains("model.layers.1.mlp.up_proj.weight"))
      #expect(!outcome.errors.contains("--as"))
    }
  }

  @Test func `is read as the family that is named, with a warning`() throws {
    try withModel { folder in
      let usual = try Command.start(["eval", "usual"] + prediction, in: folder).finish()
      let assumed = try Command.start(
        ["eval", "model", "--as", "llama"] + prediction, in: folder
      ).finish()
      #expect(assumed.status == 0 && assumed.output == usual.output && !usual.output.isEmpty)
      #expect(assumed.errors.contains("mystery is unknown, and read as llama"))
      try Command.succeed(
        "quantize", "model", "-o", "out", "--method", "rtn", "--group-size", "32", "--as", "llama",
        in: folder)
      let folderAgain = try Command.start(
        ["eval", "out", "--as", "llama"] + prediction, in: folder
      ).finish()
      #expect(folderAgain.status == 0)
    }
  }

  @Test func `is not read as a family that leaves out a part of its configuration`() throws {
    try withModel {
      $0.configure("sliding_window", "4")
    } _: { folder in
      let refused = try Command.start(["inspect", "model"], in: folder).finish()
      #expect(refused.status == 1 && refused.errors.contains("call for: mistral"))
      let wrong = try Command.start(["inspect", "model", "--as", "llama"], in: folder).finish()
      #expect(wrong.status == 1 && wrong.errors.contains("sliding_window"))
      try Command.succeed("inspect", "model", "--as", "mistral", in: folder)
    }
  }

  @Test func `is compared with a known one, on either side`() throws {
    try withModel { folder in
      for (model, reference) in [("model", "usual"), ("usual", "model")] {
        let outcome = try Command.start(
          ["eval", model, "--reference", reference, "--as", "llama", "--json"] + prediction,
          in: folder
        ).finish()
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try outcome.json().member("kl_divergence").double == 0)
      }
      let neither = try Command.start(
        ["eval", "usual", "--reference", "usual", "--as", "llama"] + prediction, in: folder
      ).finish()
      #expect(neither.status == 1 && neither.errors.contains("is a llama"))
    }
  }

  @Test func `is refused by its reason where that is known`() throws {
    try withModel {
      $0.configure("model_type", #""qwen3_next""#)
    } _: { folder in
      let outcome = try Command.start(["inspect", "model", "--as", "llama"], in: folder).finish()
      #expect(outcome.status == 1 && outcome.errors.contains("gated delta nets"))
    }
  }

  @Test func `is the only kind that can be read as another`() throws {
    try withModel { folder in
      let known = try Command.start(["inspect", "usual", "--as", "qwen2"], in: folder).finish()
      #expect(known.status == 1 && known.errors.contains("is a llama"))
      let nobody = try Command.start(["inspect", "model", "--as", "lama"], in: folder).finish()
      #expect(nobody.status == 1 && nobody.errors.contains("no architecture is named lama"))
    }
  }
}
