internal import Checkpoint
internal import JSON
internal import LinearAlgebra
internal import Quantizer

/// How mlx stores one module.
struct MLXStatement: Equatable {
  /// The number of bits of a code.
  let bits: Int
  /// The columns that share a scale and offset.
  let groupSize: Int

  /// How a scheme is stored.
  ///
  /// - Precondition: it has groups; ``EngineRules`` refuse all others.
  init(_ scheme: Scheme) {
    bits = scheme.bits
    groupSize = scheme.storedGroupSize(columns: 0)
    precondition(groupSize > 0, "\(scheme) as mlx")
  }

  /// How a Linear of a folder is stored, which its shapes tell.
  ///
  /// mlx-lm asks them too, unless the configuration names the module: then both must agree.
  ///
  /// - Throws: ``CheckpointError`` for shapes that no settings have, or others than were stated.
  init(
    of linear: LinearShape, in folder: ModelFolder, _ configuration: JSONValue
  ) throws(CheckpointError) {
    let words = try folder.width(of: "\(linear.name).weight", rows: linear.rows)
    let groups = try folder.width(of: "\(linear.name).scales", rows: linear.rows)
    guard groups > 0, linear.columns % groups == 0, words < 1 << 40,
      words * 32 % linear.columns == 0
    else {
      throw .tensor(
        name: "\(linear.name).weight", path: folder.path,
        reason:
          "has \(words) words and \(groups) scales in a row, which no number of bits and group "
          + "size gives \(linear.columns) columns")
    }
    (bits, groupSize) = (words * 32 / linear.columns, linear.columns / groups)
    do throws(JSONError) {
      try Self.checkMode(of: configuration.field)
      guard let own = try configuration.field.optionalMember(linear.name) else { return }
      try check(own)
    } catch {
      throw .json(path: "\(folder.path)/config.json", cause: error)
    }
  }

  /// The members that state it.
  var members: [(String, JSONValue)] {
    [("group_size", .number(JSONNumber(groupSize))), ("bits", .number(JSONNumber(bits)))]
  }

  /// Checks what is stated of the module itself.
  private func check(_ stated: JSONField) throws(JSONError) {
    try Self.checkMode(of: stated)
    for (name, found) in [("bits", bits), ("group_size", groupSize)] {
      let field = try stated.member(name)
      guard try field.int == found else {
        throw .wrongKind(
          path: field.path, expected: "\(found), as the shapes of the tensors have it",
          found: field.value.text(.compact))
      }
    }
  }

  private static func checkMode(of stated: JSONField) throws(JSONError) {
    guard let field = try stated.optionalMember("mode") else { return }
    let mode = try field.string
    guard mode == "affine" else {
      throw .wrongKind(path: field.path, expected: "affine, the mode that is read", found: mode)
    }
  }
}

extension ModelFolder {
  /// The number of columns of a tensor that has a given number of rows.
  fileprivate func width(of name: String, rows: Int) throws(CheckpointError) -> Int {
    guard let tensor = tensor(name) else { throw .missingTensor(name: name, folder: path) }
    let dimensions = tensor.shape.dimensions
    guard dimensions.count == 2, dimensions[0] == rows else {
      throw .tensor(
        name: name, path: tensor.path,
        reason: "has shape \(dimensions), where \(rows) rows are needed")
    }
    return dimensions[1]
  }
}
