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
  Reader("importance") { bytes in
    let config =
      #"{"model_type":"llama","num_hidden_layers":1,"num_attention_heads":1,"hidden_size":2}"#
    _ = Scratch.write("importance/config.json", Array(config.utf8))
    _ = Scratch.write("importance/model.safetensors", [2, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D])
    let folder = try ModelFolder(path: Scratch.path("importance"))
    let read = try GGUFImportance(path: Scratch.write("importance.dat", bytes), for: folder)
    let up = LinearShape(name: "model.layers.0.mlp.up_proj", rows: 1, columns: 2)
    let squares = try read.entry(of: up).meanSquares
    expect(squares.count == 2 && squares.allSatisfy { $0 >= 0 && $0.isFinite }, "\(squares)")
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
