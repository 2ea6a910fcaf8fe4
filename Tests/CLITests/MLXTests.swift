// Folders for mlx-lm, from one command to the next.

import Checkpoint
import JSON
import LinearAlgebra
import TestSupport
import Testing

@Suite struct `A folder for mlx-lm` {
  @Test func `is quantized, listed, verified, judged and converted`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel(.bfloat16).write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      let calibration = [
        "--calibration", "text.safetensors", "--length", "32", "--group-size", "32",
      ]
      func quantize(_ name: String, _ options: String...) throws -> Double {
        let outcome = try Command.start(
          ["quantize", "model", "-o", name] + calibration + options, in: folder
        ).finish()
        try #require(outcome.status == 0, "\(outcome.errors)")
        let judged = try Command.succeed(
          "eval", name, "--text", "text.safetensors", "--length", "32", "--reference", "model",
          "--json", in: folder)
        return try judged.json().member("kl_divergence").double
      }
      let free = try quantize("free", "--format", "mlx", "--bits", "3")
      let integer = try quantize("integer", "--asymmetric", "--bits", "3")
      let symmetric = try quantize("symmetric", "--format", "mlx", "--bits", "3", "--symmetric")
      #expect(
        try Command.succeed("inspect", "free", in: folder).output.contains(
          #/model.embed_tokens +64 x 32 +8 +32 +offset/#))
      // Offsets need not be multiples of the scale, which pays in three bits.
      #expect(free < integer && integer < symmetric)
      #expect(
        try Command.succeed("inspect", "free", in: folder).output.contains(#/ 3 +32 +offset /#))
      #expect(
        try Command.succeed("inspect", "symmetric", in: folder).output.contains(#/ 32 +symmetric /#)
      )
      let verified = try Command.succeed("verify", "free", "--against", "model", in: folder).output
      #expect(verified.contains("15 Linears lose what the report says"))
      let refused = try Command.start(
        ["convert", "free", "-o", "other", "--format", "awq"], in: folder
      ).finish()
      #expect(refused.status == 1 && refused.errors.contains("model.embed_tokens: is quantized"))
      try Command.succeed(
        "quantize", "model", "-o", "packed", "--method", "rtn", "--group-size", "32", in: folder)
      try Command.succeed("convert", "packed", "-o", "mlx", "--format", "mlx", in: folder)
      let described = try Command.succeed("inspect", "mlx", in: folder).output
      #expect(described.hasSuffix("format: mlx\n") && !described.contains("embed_tokens"))
    }
  }

  @Test func `may have its embedding in fewer bits`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel(.bfloat16).write("model", in: folder)
      let quantize = ["quantize", "model", "--method", "rtn", "--group-size", "32"]
      func size(_ name: String, _ options: String...) throws -> Double {
        try Command.succeed(quantize + ["-o", name, "--format", "mlx"] + options, in: folder)
        let report = try JSONValue(parsing: folder.read("\(name)/ptq-report.json"))
        return try report.member("tables").array[0].member("bits_per_weight").double
      }
      #expect(try size("eight") == 9 && size("four", "--embedding-bits", "4") == 5)
      #expect(
        try Command.succeed("inspect", "four", in: folder).output.contains(
          #/model.embed_tokens +64 x 32 +4 +32 +offset/#))
      try Command.succeed("verify", "four", "--against", "model", in: folder)
      for (options, message) in [
        (["--format", "gptq", "--embedding-bits", "4"], "--embedding-bits needs --format mlx."),
        (["--format", "mlx", "--embedding-bits", "7"], "--embedding-bits 7: mlx has 2, 3, 4, 5"),
      ] {
        let refused = try Command.start(quantize + ["-o", "out"] + options, in: folder).finish()
        #expect(refused.status == 64 && refused.errors.contains(message), "\(refused.errors)")
      }
    }
  }
}
