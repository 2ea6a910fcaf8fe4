// Places where no folder can be written: the message must say why, and nothing may be written.

import Foundation
import TestSupport
import Testing

private let places: [Refusal] = [
  Refusal(
    "a folder is there",
    "out: the output exists already; remove it or choose another --output"
  ) { try $0.write("out/precious", "data") },
  Refusal(
    "a file is there",
    "out: the output exists already; remove it or choose another --output"
  ) { try $0.write("out", "data") },
  Refusal(
    "a link that leads nowhere is there",
    "out: the output exists already; remove it or choose another --output"
  ) {
    try FileManager.default.createSymbolicLink(
      atPath: $0.path("out"), withDestinationPath: "nowhere")
  },
  Refusal(
    "the model is there",
    "model: the output exists already; remove it or choose another --output", ["--output", "model"]),
  Refusal(
    "no name",
    #""": a new folder cannot have this name"#, ["--output", ""]),
  Refusal(
    "the folder above",
    #""new/..": a new folder cannot have this name"#, ["--output", "new/.."]),
  Refusal(
    "a file above",
    "$FOLDER/text.safetensors: creating a folder in it failed: Not a directory",
    ["--output", "text.safetensors/out"]),
  Refusal(
    "a file far above",
    "$FOLDER/text.safetensors/a/b: creating a folder in it failed: Not a directory",
    ["--output", "text.safetensors/a/b/out"]),
  Refusal(
    "a folder above where nothing can be made",
    "/proc: creating a folder in it failed: No such file or directory", ["--output", "/proc/out"]),
  Refusal(
    "folders to be made, but bits impossible",
    "model.layers.0.mlp.down_proj: group size 24 does not divide the input width 64; "
      + "sizes that fit every Linear: 8, 16, 32; use --group-size channel",
    ["-o", "a/b/out", "--group-size", "24"]),
  Refusal(
    "folders to be made, but a NaN in the last block",
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
  func `because of its place is refused`(case: Refusal) throws { try `case`.check() }

  @Test func `because the system limits the size of files is an error, and nothing is left`() throws
  {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      // 8 blocks of 512 bytes; the signal that would come with it is ignored, so writing fails.
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
