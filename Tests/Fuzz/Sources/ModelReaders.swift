import Checkpoint
import Formats
import Foundation
import JSON
import LinearAlgebra
import Quantizer
import Transformer

private let models = Fixtures.names(in: "TransformerTests/Fixtures").filter {
  // Sharded models have no single file that could stand in for their weights.
  FileManager.default.fileExists(
    atPath: "\(Fixtures.root)/TransformerTests/Fixtures/\($0)/model.safetensors")
}

/// Configurations of models, and of how their Linears are stored.
let modelReaders = [
  // Without weights: everything that a family makes of its configuration.
  Reader("config") { bytes in
    _ = Scratch.write("config/model.safetensors", [2, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D])
    _ = Scratch.write("config/config.json", bytes)
    let folder = try ModelFolder(path: Scratch.path("config"))
    let declaration = try Family.all.family(of: folder).declaration(of: folder)
    _ = declaration.denseModules
    for block in declaration.blocks.indices.prefix(4) {
      _ = (declaration.linears(block: block), declaration.linearsStoredAlike(block: block))
    }
    _ = try LanguageModel(folder)
  },
  // The first byte chooses the weights; the rest is the configuration that they are read by.
  Reader("model") { bytes in
    let name = models.chosen(by: bytes.first)
    let path = Fixtures.linkedFolder(
      "models/\(name)", weights: "TransformerTests/Fixtures/\(name)/model.safetensors")
    _ = Scratch.write("models/\(name)/config.json", Array(bytes.dropFirst()))
    let model = try LanguageModel(ModelFolder(path: path))
    var hidden = try model.embeddings(of: [0, 1, 2, 1])
    for index in model.declaration.blocks.indices { try model.block(index)(&hidden) }
    _ = try model.logits(hidden)
  },
  // The first byte chooses a stored Linear; the rest is the configuration that it is read by.
  Reader("quantization") { bytes in
    let linear = StoredLinear.all.chosen(by: bytes.first)
    try linear.read(configuration: Array(bytes.dropFirst()))
  },
  // The same with its own configuration, and other weights.
  Reader("words") { bytes in
    let linear = StoredLinear.all.chosen(by: bytes.first)
    try linear.read(weights: Array(bytes.dropFirst()))
  },
]
