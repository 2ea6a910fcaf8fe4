public import Checkpoint
public import JSON
internal import Quantizer

// The file that becomes of a result.

extension GGUFFormat {
  /// The result is a file.
  public var isFile: Bool { true }

  /// Checks that a file of the model can be made, so that no run is for nothing.
  ///
  /// - Throws: ``CheckpointError`` for what cannot be stored.
  public func check(_ folder: ModelFolder) throws(CheckpointError) {
    _ = try GGUFAssembly(of: folder, named: "", mixture)
  }

  /// Checks that a file can be made of some Linears of a model in blocks, and tensors that stay as they are.
  ///
  /// - Throws: ``CheckpointError`` for what cannot be stored.
  package func check(
    _ folder: ModelFolder, storing linears: [String], beside copied: [ModelFolder.TensorReference]
  ) throws(CheckpointError) {
    let assembly = try GGUFAssembly(of: folder, named: "", mixture, tensors: copied)
    for linear in linears { _ = try assembly.location(of: "\(linear).weight", in: folder) }
  }

  /// Linears by the tensors that they will be in: each in one of its own, or all experts of a block together.
  ///
  /// - Throws: ``CheckpointError`` for an architecture of which no GGUF files are written.
  public func stacks(
    of linears: [LinearShape], in folder: ModelFolder
  ) throws(CheckpointError) -> [[LinearShape]]? {
    let architecture = try GGUFArchitecture(of: folder)
    var (stacks, positions) = ([[LinearShape]](), [String: Int]())
    for linear in linears {
      let place = architecture.location(of: "\(linear.name).weight")
      if let place, place.expert != nil, let position = positions[place.name] {
        stacks[position].append(linear)
      } else {
        if let place { positions[place.name] = stacks.count }
        stacks.append([linear])
      }
    }
    return stacks
  }

  /// Writes the file.
  public func writeFile(
    _ path: String, of folder: ModelFolder, named name: String, made: JSONValue
  ) throws(CheckpointError) {
    try GGUFAssembly(of: folder, named: name, mixture(naming: folder)).write(to: path, made: made)
  }

  /// The mixture that readers are told of: the format's own, or where a plan has chosen other types, one of the type
  /// that most weights have.
  private func mixture(naming folder: ModelFolder) throws(CheckpointError) -> GGUFMixture {
    guard let stated = folder.quantization?["types"], case .object(let types) = stated else {
      return mixture
    }
    var (found, isOwn) = ([(scheme: Scheme, count: Int)](), true)
    for name in types.names {
      let type = try Self.type(of: name, in: folder, ["types": stated])
      guard let scheme = type.scheme, let tensor = folder.tensor("\(name).weight"),
        case let dimensions = tensor.shape.dimensions, dimensions.count == 2
      else { continue }
      let linear = LinearShape(
        name: name, rows: dimensions[0],
        columns: dimensions[1] / type.blockByteCount * type.blockLength)
      found.append((scheme, linear.rows * linear.columns))
      let own = try self.scheme(of: linear, in: folder)
      isOwn = isOwn && own == scheme
    }
    return isOwn ? mixture : GGUFMixture(of: found)
  }
}
