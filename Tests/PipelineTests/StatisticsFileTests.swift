// Statistics in files: nothing is lost, nothing false is believed.

import Checkpoint
import Formats
import Hessian
import LinearAlgebra
import Pipeline
import Quantizer
import Solvers
import Studies
import TestSupport
import Testing

private let weights = Matrix.heavyTailed(32, 64, scale: 0.02, seed: 1)
private let inputs = Matrix.activations(tokens: 600, channels: 64, seed: 2)

private func statistics(
  _ rows: Range<Int>, _ parts: InputStatistics.Parts = [.histograms, .sample]
) -> InputStatistics {
  var result = InputStatistics(channels: 64, collecting: parts)
  result.add(inputs.copy(rows: rows))
  return result
}

@Suite struct `Statistics in a file` {
  @Test func `are equal to those that were written`() throws {
    try TemporaryFolder.with { folder in
      let (calibration, heldOut) = (statistics(0..<550), statistics(550..<600, .sample))
      let path = folder.path("s.safetensors")
      try StatisticsFile.write(calibration: calibration, heldOut: heldOut, name: "a.b", to: path)
      let file = try StatisticsFile(path: path)
      #expect(file.name == "a.b" && file.path == path)
      #expect(file.calibration == calibration && file.heldOut == heldOut)
      // The file is one that other tools read.
      let raw = try SafetensorsFile(path: path)
      #expect(raw.metadata["input"] == "a.b")
      #expect(raw.integers("token_count") == [550] && raw.integers("held_out.token_count") == [50])
      #expect(raw.floats("minima") == calibration.ranges?.minima)
      #expect(raw.floats("held_out.sample") == heldOut.sample?.rows.elements)
      #expect(raw.entries.contains { $0.name == "histograms" && $0.shape.type == .uint32 })
      let once = try folder.read("s.safetensors")
      try StatisticsFile.write(
        calibration: file.calibration, heldOut: file.heldOut, name: file.name,
        to: folder.path("again.safetensors"))
      #expect(try folder.read("again.safetensors") == once)
    }
  }

  @Test func `that is no statistics or of another version is refused`() throws {
    try TemporaryFolder.with { folder in
      let path = folder.path("s.safetensors")
      try SafetensorsFile.write([], to: path)
      #expect { try StatisticsFile(path: path) } throws: {
        "\($0)".contains("s.safetensors: does not hold input statistics")
      }
      try folder.remove("s.safetensors")
      try SafetensorsFile.write(
        [], metadata: ["content": "ptq input statistics", "version": "2"], to: path)
      #expect { try StatisticsFile(path: path) } throws: { "\($0)".contains("another version") }
    }
  }

  @Test func `names the tensor at fault`() throws {
    try TemporaryFolder.with { folder in
      let metadata = ["content": "ptq input statistics", "version": "1", "input": "x"]
      let moment = (
        NamedShape("second_moment", .float32, [1, 1]), RawSafetensors.bytes([4 as Float])
      )
      let count = (NamedShape("token_count", .int64, [1]), RawSafetensors.bytes([2 as Int64]))
      let heldOut = (NamedShape("held_out.token_count", .int64, [1]), count.1)
      let cases: [([(NamedShape, [UInt8])], String)] = [
        ([moment], "tensor token_count: is missing"),
        ([moment, count, heldOut], "tensor held_out.second_moment: is missing"),
        (
          [moment, (NamedShape("token_count", .float16, [1]), [0, 0])],
          "tensor token_count: has type F16"
        ),
        (
          [moment, count, (NamedShape("other", .int64, [1]), count.1)],
          "tensor other: is not a part of input statistics"
        ),
        (
          [
            moment, count, heldOut,
            (NamedShape("held_out.second_moment", .float32, [0, 0]), []),
          ], "tensor held_out.second_moment: has 0 channels"
        ),
      ]
      for (i, (tensors, words)) in cases.enumerated() {
        let path = folder.path("\(i).safetensors")
        try SafetensorsFile.write(tensors, metadata: metadata, to: path)
        #expect { try StatisticsFile(path: path) } throws: { "\($0)".contains(words) }
      }
      let path = folder.path("good.safetensors")
      try SafetensorsFile.write([moment, count], metadata: metadata, to: path)
      #expect(try StatisticsFile(path: path).calibration.meanSquares == [2])
    }
  }

  @Test func `of which bytes were changed or lost is refused or read, and never traps`() throws {
    try TemporaryFolder.with { folder in
      var small = InputStatistics(channels: 3, collecting: [.ranges, .sample])
      small.add(.gaussian(5, 3, seed: 3))
      try StatisticsFile.write(
        calibration: small, heldOut: small.removing(channels: [1]), name: "x",
        to: folder.path("s.safetensors"))
      let original = try folder.read("s.safetensors")
      var generator = SplitMix64(seed: 4)
      var refused = 0
      for round in 0..<2000 {
        var bytes = original
        if round.isMultiple(of: 4) {
          bytes.removeLast(generator.integer(in: 1..<bytes.count))
        } else {
          let i = generator.integer(in: 0..<bytes.count)
          bytes[i] ^= UInt8(1 << generator.integer(in: 0..<8))
        }
        try folder.write("t.safetensors", bytes)
        do { _ = try StatisticsFile(path: folder.path("t.safetensors")) } catch { refused += 1 }
      }
      #expect(refused > 1000)
    }
  }

  @Test(arguments: [Method.gptq, .awqGPTQ, .smoothQuantStatic, .int8Outliers])
  func `give what the inputs give`(method: Method) throws {
    let settings = QuantizationSettings(
      scheme: try Scheme(bits: 8, symmetric: true, granularity: .channel), method: method)
    try TemporaryFolder.with { folder in
      try folder.write("w.npy", RawNumPy.file(weights))
      try folder.write("x.npy", RawNumPy.file(inputs))
      let path = folder.path("s.safetensors")
      // 600 tokens in chunks of 66, of which the ninth is held out.
      var calibration = InputStatistics(channels: 64, collecting: [.histograms, .sample])
      for start in stride(from: 0, to: 600, by: 66) where start != 8 * 66 {
        calibration.add(inputs.copy(rows: start..<min(600, start + 66)))
      }
      try StatisticsFile.write(
        calibration: calibration, heldOut: statistics(528..<594), name: "w", to: path)
      let weights = try MatrixFile(folder.path("w.npy"))
      let sources: [LinearFiles.Input] = [
        .activations(try MatrixFile(folder.path("x.npy"))),
        .statistics(try StatisticsFile(path: path)),
      ]
      let results = try sources.map {
        try LinearStudy(LinearFiles(weights: weights, input: $0), candidates: [settings]).run()
      }
      #expect(
        results[0].solutions[0].linears[0].linear == results[1].solutions[0].linears[0].linear)
      #expect(results[0].solutions[0].factors == results[1].solutions[0].factors)
      #expect(results[0].solutions[0].linears[0].error == results[1].solutions[0].linears[0].error)
      #expect(results.map(\.report.calibrationTokens) == [534, 534])
      #expect(results.map(\.report.heldOutTokens) == [66, 66])
    }
  }

  @Test func `with too few parts or channels for a method are refused`() throws {
    try TemporaryFolder.with { folder in
      try folder.write("w.npy", RawNumPy.file(weights))
      let weights = try MatrixFile(folder.path("w.npy"))
      let path = folder.path("s.safetensors")
      try StatisticsFile.write(calibration: statistics(0..<600, .ranges), name: "w", to: path)
      let input = LinearFiles.Input.statistics(try StatisticsFile(path: path))
      let settings = QuantizationSettings(
        scheme: try Scheme(bits: 8, symmetric: true, granularity: .channel),
        method: .staticInt8, observer: .entropy)
      let comparison = try LinearStudy(
        LinearFiles(weights: weights, input: input), candidates: [settings])
      #expect { try comparison.run() } throws: { "\($0)".contains("static activations") }
      try folder.write("narrow.npy", RawNumPy.file(Matrix(rows: 3, columns: 48)))
      let narrow = try MatrixFile(folder.path("narrow.npy"))
      #expect { _ = try LinearFiles(weights: narrow, input: input) } throws: {
        "\($0)".contains("s.safetensors: has shape [64, 64], but")
      }
    }
  }
}
