import Checkpoint
import Formats
import LinearAlgebra
import Pipeline
import Quantizer
import Transformer

/// Files of numbers.
let weightReaders = [
  Reader("safetensors") { bytes in
    let file = try SafetensorsFile(path: Scratch.write("model.safetensors", bytes))
    for entry in file.entries {
      let shape = entry.shape
      expect(shape.byteCount.map { $0 <= bytes.count } == true, "a tensor beyond the file")
      if shape.type.floatFormat != nil {
        expect(file.floats(entry.name) != nil, "\(entry.name) has no floats")
      }
      _ = (file.integers(entry.name), file.doubles(entry.name))
    }
  },
  Reader("gguf") { bytes in
    let path = Scratch.write("model.gguf", bytes)
    let file = try GGUFFile(path: path)
    for entry in file.entries {
      expect(entry.range.upperBound <= bytes.count, "a tensor beyond the file")
    }
    _ = try GGUFSeal(of: file)?.findings(in: file)
    let model = try LanguageModel(ModelFolder(opening: path))
    for linear in model.declaration.linears(block: 0) where linear.rows * linear.columns < 1 << 16 {
      _ = try model.quantizedLinear(linear)?.dequantized()
    }
  },
  Reader("npy") { bytes in
    let file = try NumPyFile(path: Scratch.write("array.npy", bytes))
    let rows = file.rows(0..<file.rows)
    expect(rows.elements.count == file.dimensions.reduce(1, *), "another number of elements")
  },
  Reader("statistics") { bytes in
    let read = try StatisticsFile(path: Scratch.write("statistics.safetensors", bytes))
    let path = Scratch.free("again.safetensors")
    try StatisticsFile.write(
      calibration: read.calibration, heldOut: read.heldOut, name: read.name, to: path)
    let again = try StatisticsFile(path: path)
    expect(
      again.calibration == read.calibration && again.heldOut == read.heldOut
        && again.name.utf8.elementsEqual(read.name.utf8), "other statistics are written")
  },
]
