// Outputs that cannot be written: the message must say why, and nothing may be written.

import Foundation
import TestSupport
import Testing

private let places: [Refusal] = [
  Refusal(
    "a folder is there",
    "out: the output exists already; choose another --output"
  ) { try $0.write("out/precious", "data") },
  Refusal(
    "a file is there",
    "out: the output exists already; choose another --output"
  ) { try $0.write("out", "data") },
  Refusal(
    "a link that leads nowhere is there",
    "out: the output exists already; choose another --output"
  ) {
    try FileManager.default.createSymbolicLink(
      atPath: $0.path("out"), withDestinationPath: "nowhere")
  },
  Refusal(
    "the model is there",
    "model: the output exists already; choose another --output", ["--output", "model"]),
  Refusal(
    "no name",
    #""": a new folder cannot have this name"#, ["--output", ""]),
  Refusal(
    "the name of the parent",
    #""new/..": a new folder cannot have this name"#, ["--output", "new/.."]),
  Refusal(
    "a name without room for that of the hidden folder",
    #""aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…": a name of 247 bytes is too long; give one of at most 246"#,
    ["--output", String(repeating: "a", count: 247)]),
  Refusal(
    "a file as the parent",
    "$FOLDER/text.safetensors: creating a folder in it failed: Not a directory",
    ["--output", "text.safetensors/out"]),
  Refusal(
    "a file further up the path",
    "$FOLDER/text.safetensors/a/b: creating a folder in it failed: Not a directory",
    ["--output", "text.safetensors/a/b/out"]),
  Refusal(
    "a parent in which nothing can be created",
    "/proc: creating a folder in it failed: No such file or directory", ["--output", "/proc/out"]),
  Refusal(
    "a report in no folder",
    "none/report.html: writing into its folder failed: No such file or directory",
    [
      "compare", "model", "--calibration", "text.safetensors", "--group-sizes", "32", "--length",
      "32",
      "-o", "report.md", "-o", "none/report.html",
    ]),
  Refusal(
    "a report where a folder is",
    "a.html: is a folder",
    [
      "compare", "model", "--calibration", "text.safetensors", "--group-sizes", "32", "--length",
      "32",
      "-o", "a.html",
    ]
  ) { try $0.write("a.html/file", "") },
  Refusal(
    "parents to be created, but an impossible group size",
    "model.layers.0.mlp.down_proj: group size 24 does not divide the input width 64; "
      + "sizes that fit every Linear: 8, 16, 32; use --group-size channel",
    ["-o", "a/b/out", "--group-size", "24"]),
  Refusal(
    "parents to be created, but a NaN in the last block",
    "model/model.safetensors: tensor model.layers.1.mlp.down_proj.weight: holds an "
      + "infinite value or a NaN, the first at element 0; the file is damaged, or the "
      + "training failed", ["-o", "a/b/out"]
  ) {
    var model = TinyModel()
    model.replace("model.layers.1.mlp.down_proj.weight") {
      let nan = RawSafetensors.bytes([Float.nan])
      return .init($0.name, $0.type, $0.shape, nan + $0.data.dropFirst(4))
    }
    try model.write("model", in: $0)
  },
]

@Suite struct `An output that cannot be written` {
  @Test(arguments: places)
  func `because of its path is refused`(case: Refusal) throws { try `case`.check() }

  @Test func `because the system limits the size of files is an error that leaves nothing`() throws
  {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      // 8 blocks of 512 bytes; with SIGXFSZ ignored, writing more fails with an error.
      let script = """
        trap '' XFSZ; ulimit -f 8
        exec "$0" quantize model -o a/out --method rtn --group-size 32
        """
      let run = try Running(
        URL(fileURLWithPath: "/bin/sh"), ["-c", script, Command.executable.path], in: folder)
      let outcome = run.finish()
      #expect(outcome.status == 1)
      #expect(outcome.errorLines.last?.hasPrefix("Error: ") == true)
      #expect(outcome.errorLines.last?.hasSuffix("failed: File too large") == true)
      #expect(try folder.names() == ["model"])
    }
  }
}
