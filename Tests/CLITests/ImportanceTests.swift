// Quantizing by a file of importances, in place of a calibration text.

import Checkpoint
import Formats
import Foundation
import JSON
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private func withModel(_ body: (TemporaryFolder) throws -> Void) throws {
  try TemporaryFolder.with { folder in
    try TinyModel(.float32).write("model", in: folder)
    try folder.write("model/tokenizer.json", TinyModel.tokenizer)
    try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
    try Command.succeed(
      "imatrix", "model", "--calibration", "text.safetensors", "--length", "32", "-o", "i.gguf",
      in: folder)
    try body(folder)
  }
}

private let settings = ["--bits", "3", "--group-size", "16"]

extension TemporaryFolder {
  /// Rewrites the tensors of the importance file.
  fileprivate func change(
    _ type: String = "imatrix", _ change: (String, [Float]) -> (String, [Float])?
  ) throws {
    let file = try GGUFFile(path: path("i.gguf"))
    let parts = file.entries.compactMap { entry in
      change(entry.name, file.file.withBytes(entry.range) { FloatFormat.float32.decode($0) })
    }
    let values = Dictionary(uniqueKeysWithValues: parts)
    try GGUFFile.write(
      path("changed.gguf"), [("general.type", .string(type))],
      parts.map { GGUFTensor($0.0, .float32, [1, $0.1.count]) }
    ) { FloatFormat.float32.encode(values[$0.name] ?? []) }
  }

  /// The same importances in a file of the older kind, as means times a number of calls.
  fileprivate func writeLegacy(calls: Int32 = 20, cut: Int = 0) throws {
    let file = try GGUFFile(path: path("i.gguf"))
    func integer(_ value: Int) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let sums = file.entries.filter { $0.name.hasSuffix(".in_sum2") }
    var bytes = integer(sums.count)
    for entry in sums {
      let name = Array(entry.name.dropLast(".in_sum2".count).utf8)
      let values = file.file.withBytes(entry.range) { FloatFormat.float32.decode($0) }
      bytes += integer(name.count) + name + integer(Int(calls)) + integer(values.count)
      bytes += FloatFormat.float32.encode(values.map { $0 / 640 * Float(calls) })
    }
    try write("i.dat", Array((bytes + integer(20) + integer(0)).dropLast(cut)))
  }

  fileprivate func quantize(_ importance: String, _ output: String, _ options: [String] = []) throws
  {
    try Command.succeed(
      ["quantize", "model", "-o", output, "--importance", importance] + settings + options,
      in: self)
  }

  /// The mean squared change of the outputs of a Linear that reads the normalized embedding.
  fileprivate func loss(_ name: String) throws -> Double {
    try Command.succeed(
      "eval", name, "--text", "text.safetensors", "--length", "32", "--reference", "model",
      "--json", in: self
    ).json().member("kl_divergence").double
  }
}

@Suite struct `Quantizing by importances` {
  @Test func `weighs errors by the mean squares of the inputs`() throws {
    try withModel { folder in
      // One channel alone counts: its weights become almost exact in each group of its own.
      try folder.change { name, values in
        guard name.hasSuffix("in_sum2") else { return (name, values) }
        return (name, values.indices.map { $0 % 16 == 5 ? 1000 : 1e-3 })
      }
      try folder.quantize("changed.gguf", "weighted", ["--damping", "0"])
      try Command.succeed(
        ["quantize", "model", "-o", "plain", "--method", "rtn"] + settings, in: folder)
      func error(_ name: String) throws -> Double {
        let model = try ModelFolder(path: folder.path("model"))
        let dense = try model.matrix("model.layers.0.mlp.up_proj.weight", rows: 64, columns: 32)
        let found = try folder.decoded(name, "model.layers.0.mlp.up_proj", rows: 64, columns: 32)
        return (0..<64).flatMap { row in [5, 21].map { (row, $0) } }.reduce(0) {
          let difference = Double(dense[$1.0, $1.1] - found[$1.0, $1.1])
          return $0 + difference * difference
        }
      }
      #expect(try error("weighted") < 0.3 * error("plain"))
    }
  }

  @Test func `gives the same with both kinds of files, and says what was used`() throws {
    try withModel { folder in
      try folder.writeLegacy()
      let made = try Command.succeed(
        ["quantize", "model", "-o", "new", "--importance", "i.gguf"] + settings, in: folder)
      #expect(
        made.output.contains(
          "inputs are known by i.gguf alone: the mean square of each channel of 640 tokens, as if no two went "
            + "together; so are output errors"))
      try folder.quantize("i.dat", "old")
      let (new, old) = try (
        folder.read("new/model.safetensors"), folder.read("old/model.safetensors")
      )
      #expect(new == old)
      let report = try JSONValue(parsing: folder.read("new/ptq-report.json"))
      #expect(try report.member("importance").string == "i.gguf")
      #expect(try report.member("calibration_tokens").int == 640)
      #expect(
        try JSONValue(parsing: folder.read("old/ptq-report.json")).member("calibration_tokens").int
          == 0)
      let manifest = String(decoding: try folder.read("new/ptq-manifest.json"), as: UTF8.self)
      #expect(manifest.contains("\"importance\""))
      try Command.succeed("verify", "new", "--against", "model", in: folder)
    }
  }

  @Test(arguments: [
    ["--format", "gguf", "--type", "Q4_0"], ["--format", "gguf", "--type", "MXFP4"],
    ["--format", "mlx", "--group-size", "32", "--bits", "4"],
    ["--format", "awq", "--asymmetric", "--bits", "4", "--group-size", "32"],
    ["--method", "rtn+clip"], ["--preset", "best"], ["--preset", "fast"],
    ["--method", "gptq+fp8", "--bits", "4", "--group-size", "32"],
  ])
  func `is for every format and rounding`(options: [String]) throws {
    try withModel { folder in
      let output = options.contains("gguf") ? "out.gguf" : "out"
      try Command.succeed(
        ["quantize", "model", "-o", output, "--importance", "i.gguf"] + options
          + (options.contains("--bits") || options.contains("gguf")
            ? [] : ["--bits", "4", "--group-size", "32"]),
        in: folder)
      #expect(try folder.loss(output) < 1)
    }
  }

  @Test(arguments: [
    (
      ["--method", "awq+gptq"],
      "awq+gptq needs the inputs themselves, and importances are only the mean square of each channel; give --calibration FILE, or use --method gptq"
    ),
    (
      ["--method", "rotate+gptq"],
      "rotate+gptq needs the inputs themselves, and importances are only the mean square of each channel; give --calibration FILE, or use --method gptq"
    ),
    (
      ["--statistics", "s"],
      "statistics need a calibration text, and there is none; give --calibration FILE"
    ),
    (
      ["--head"],
      "i.gguf: has no importances for the head, which such files mostly lack; give --calibration FILE"
    ),
    (
      ["--type", "nvfp4", "--method", "gptq+nvfp4"],
      "gptq+nvfp4 needs the inputs themselves, and importances are only the mean square of each channel; give "
        + "--calibration FILE, or use --method gptq"
    ),
  ])
  func `is refused where that is not enough`(options: [String], message: String) throws {
    try withModel { folder in
      let outcome = try Command.start(
        ["quantize", "model", "-o", "out", "--importance", "i.gguf"]
          + (options.contains("--type") ? [] : settings) + options,
        in: folder
      ).finish()
      #expect(outcome.status == 1)
      #expect(outcome.errors.hasSuffix("Error: \(message)\n"), "\(outcome.errors)")
      #expect(try !folder.names().contains("out"))
    }
  }

  @Test func `excludes a text, and a search of bits`() throws {
    try withModel { folder in
      for (options, message) in [
        (
          ["--calibration", "text.safetensors"],
          "--importance and --calibration exclude each other."
        ),
        (["--bits-budget", "4"], "--bits-budget needs --calibration; --importance is not enough."),
      ] {
        let outcome = try Command.start(
          ["quantize", "model", "-o", "out", "--importance", "i.gguf"] + options, in: folder
        ).finish()
        #expect(outcome.status == 64 && outcome.errors.contains(message), "\(outcome.errors)")
      }
    }
  }
}

/// What is done to an importance file, and what is then said of it.
private struct Damage: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let message: String
  var type = "imatrix"
  var change: @Sendable (String, [Float]) -> (String, [Float])? = { ($0, $1) }
}

private let up = "blk.0.ffn_up.weight"

/// A change of the sums of one tensor.
private func sums(_ name: String, _ message: String, _ values: [Float]) -> Damage {
  Damage(testDescription: name, message: message) {
    $0 == "\(up).in_sum2" ? ($0, values) : ($0, $1)
  }
}

private let damages: [Damage] = [
  Damage(
    testDescription: "another kind of file",
    message:
      "changed.gguf: is no importance file: its general.type is model, and that of one is imatrix",
    type: "model"),
  Damage(
    testDescription: "no entries",
    message: "changed.gguf: has no importances (tensors NAME.in_sum2)"
  ) { name, values in name.hasSuffix("counts") ? (name, values) : nil },
  Damage(
    testDescription: "sums without counts",
    message: "changed.gguf: tensor \(up): has sums (in_sum2) and no counts"
  ) { name, values in name == "\(up).counts" ? nil : (name, values) },
  Damage(
    testDescription: "a missing Linear",
    message:
      "changed.gguf: has no importances for model.layers.0.mlp.up_proj; it is of another model, or of a "
      + "part of this one"
  ) { name, values in name.hasPrefix(up) ? nil : (name, values) },
  Damage(
    testDescription: "more blocks",
    message: "changed.gguf: tensor blk.2.ffn_up.weight: is of another model: this one has 2 blocks"
  ) { name, values in (name.replacing("blk.0.ffn_up", with: "blk.2.ffn_up"), values) },
  sums(
    "another width",
    "changed.gguf: tensor \(up): has importances for 3 channels, and model.layers.0.mlp.up_proj has 32; it is of "
      + "another model", [1, 2, 3]),
  sums(
    "a negative sum", "changed.gguf: tensor \(up): has the sum of squares -1.0 for channel 1",
    [1, -1]),
  sums("a NaN", "changed.gguf: tensor \(up): has the sum of squares nan for channel 0", [.nan, 1]),
  sums(
    "zeros", "changed.gguf: tensor \(up): has only zeros, so nothing is known of its input",
    [Float](repeating: 0, count: 32)),
  Damage(
    testDescription: "no tokens",
    message: "changed.gguf: tensor \(up): counts 0.0 tokens, so nothing is known of its input"
  ) { name, values in (name, name == "\(up).counts" ? [0] : values) },
  Damage(
    testDescription: "counts for several matrices",
    message: "changed.gguf: tensor \(up): has 1 rows of sums and 2 counts; one of each is read"
  ) { name, values in (name, name == "\(up).counts" ? [1, 2] : values) },
]

@Suite struct `A damaged importance file` {
  @Test(arguments: damages)
  private func `is refused with what is wrong`(damage: Damage) throws {
    try withModel { folder in
      try folder.change(damage.type, damage.change)
      let outcome = try Command.start(
        ["quantize", "model", "-o", "out", "--importance", "changed.gguf"] + settings, in: folder
      ).finish()
      #expect(outcome.status == 1)
      #expect(outcome.errors.hasSuffix("Error: \(damage.message)\n"), "\(outcome.errors)")
    }
  }

  @Test func `of the older kind is refused as well`() throws {
    try withModel { folder in
      func message() throws -> String {
        try Command.start(
          ["quantize", "model", "-o", "out", "--importance", "i.dat"] + settings, in: folder
        ).finish().errors
      }
      try folder.writeLegacy(calls: 0)
      #expect(
        try message()
          == "Error: i.dat: tensor blk.0.attn_k.weight: counts 0 calls, so nothing is known of its input\n"
      )
      try folder.writeLegacy(cut: 100)
      #expect(
        try message().contains(
          "i.dat: is no importance file: it ends in the middle of the values of blk.1."))
      try folder.write("i.dat", [UInt8](repeating: 0, count: 8))
      #expect(
        try message()
          == "Error: i.dat: is no importance file: the number of entries is 0, and 1 to 1048576 are possible\n"
      )
      try folder.write("i.dat", "text")
      #expect(
        try message().contains("the number of entries is 1954047348, and 1 to 1048576 are possible")
      )
    }
  }
}

extension TemporaryFolder {
  /// The weights that a Linear of a compressed-tensors folder stands for.
  fileprivate func decoded(
    _ name: String, _ linear: String, rows: Int, columns: Int
  ) throws -> Matrix {
    let folder = try ModelFolder(path: path(name))
    let configuration = try #require(folder.configuration["quantization_config"])
    return try CompressedTensorsFormat().decode(
      LinearShape(name: linear, rows: rows, columns: columns), in: folder, configuration
    ).dequantized()
  }
}
