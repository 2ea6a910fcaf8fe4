// Which windows a solver learns from, and which are held out.

import Checkpoint
import Formats
import Pipeline
import Remedies
import TestSupport
import Testing
import Transformer

/// How the windows of a text are shared out.
private struct Share: Sendable, CustomTestStringConvertible {
  let windows: Int
  let samples: Int?
  let calibration: Int
  let heldOut: Int
  var testDescription: String { "\(windows) windows, samples \(samples.map(String.init) ?? "-")" }

  init(_ windows: Int, _ samples: Int?, _ calibration: Int, _ heldOut: Int) {
    self.windows = windows
    self.samples = samples
    self.calibration = calibration
    self.heldOut = heldOut
  }
}

private let shares = [
  // Without a number of samples, an eighth is held out as soon as there are two windows.
  Share(1, nil, 1, 0), Share(2, nil, 1, 1), Share(3, nil, 2, 1), Share(9, nil, 8, 1),
  Share(18, nil, 16, 2), Share(17, nil, 15, 2), Share(143, nil, 127, 16),
  Share(144, nil, 128, 16), Share(145, nil, 128, 16), Share(1000, nil, 128, 16),
  // The solver gets the number asked for; held-out windows come on top, as far as the text goes.
  Share(1, 1, 1, 0), Share(5, 1, 1, 0), Share(5, 2, 2, 1), Share(9, 8, 8, 1), Share(8, 8, 8, 0),
  Share(40, 16, 16, 2), Share(17, 16, 16, 1), Share(300, 200, 200, 25),
]

@Suite struct `A calibration set` {
  @Test(arguments: shares)
  private func `learns from the first windows and holds out the next`(share: Share) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      // Seven tokens more than the whole windows have.
      let stream = TinyModel.tokens(share.windows * 8 + 7, seed: 1)
      try folder.write("text.safetensors", TinyModel.tokenFile(stream))
      let set = try CalibrationSet(
        path: folder.path("text.safetensors"), for: model.folder, samples: share.samples,
        length: 8)
      #expect(set.calibration.count == share.calibration)
      #expect(set.heldOut.count == share.heldOut)
      #expect(set.length == 8)
      let used = (set.calibration + set.heldOut).flatMap(\.self)
      #expect(used == Array(stream.prefix((share.calibration + share.heldOut) * 8)))
    }
  }

  @Test(arguments: [(7, nil, 1), (15, 2, 2), (15, Int.max, Int.max)] as [(Int, Int?, Int)])
  func `says of a text that is too short what it found and needs`(
    tokens: Int, samples: Int?, needed: Int
  ) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      try folder.write(
        "text.safetensors", TinyModel.tokenFile(TinyModel.tokens(tokens, seed: 1)))
      let error = #expect(throws: InputError.self) {
        try CalibrationSet(
          path: folder.path("text.safetensors"), for: model.folder, samples: samples, length: 8)
      }
      let message = error?.description ?? ""
      #expect(message.contains("found \(tokens) tokens, needed \(needed) x 8"), "\(message)")
      #expect(
        error?.remedies == [.giveLongerText] + (needed > 1 ? [.useFewerWindows] : [])
          + [.useShorterWindows])
    }
  }
}
