internal import Checkpoint
internal import Quantizer

/// How the columns of a stored Linear are grouped.
struct StoredGroups {
  /// The number of groups G in a row.
  let count: Int
  /// How many columns share a scale.
  let granularity: Scheme.Granularity
  /// The columns of a group; the last one may have fewer.
  let size: Int
  /// The group of each column; nil where groups are consecutive columns of one size.
  let columns: [Int]?
}

extension ModelFolder {
  /// The groups of a Linear, from the shape of its scales, its configuration and its map of columns.
  ///
  /// Some writers let the last group be short where groups do not fill the row. Those that apply act-order
  /// to whole groups scatter them, and store a map.
  ///
  /// - Parameters:
  ///   - linear: the Linear.
  ///   - scales: the name of its scales.
  ///   - axis: the axis of the scales along which groups lie.
  ///   - size: the group size of the configuration; nil for whole rows.
  ///   - map: the name of the map of columns to groups, which need not be there.
  /// - Returns: the groups.
  /// - Throws: ``CheckpointError`` when these contradict each other.
  func groups(
    of linear: LinearShape, _ scales: String, axis: Int, size: Int?, map: String? = nil
  ) throws(CheckpointError) -> StoredGroups {
    guard let tensor = tensor(scales) else { throw .missingTensor(name: scales, folder: path) }
    let dimensions = tensor.shape.dimensions
    let columns = linear.columns
    // A configuration may state groups that are longer than a row.
    let width = min(size ?? columns, columns)
    let expected = width > 0 ? (columns + width - 1) / width : 0
    guard dimensions.count == 2, expected > 0, dimensions[axis] == expected else {
      let needed = size.map { "groups of \($0)" } ?? "one"
      throw .tensor(
        name: scales, path: tensor.path,
        reason: "has shape \(dimensions) for \(columns) columns, that is "
          + "\(dimensions.count == 2 ? dimensions[axis] : 0) groups, where config.json calls for "
          + needed)
    }
    let consecutive = (0..<columns).map { $0 / width }
    let stored = try map.flatMap { name throws(CheckpointError) in
      try columnGroups(name, linear, count: expected)
    }
    // Some writers leave the map at zero where they did not scatter the groups.
    let isTrivial = stored == nil || stored == consecutive || stored?.allSatisfy { $0 == 0 } == true
    return StoredGroups(
      count: expected, granularity: size == nil ? .channel : .group(width), size: width,
      columns: isTrivial ? (columns % width == 0 ? nil : consecutive) : stored)
  }

  /// The group of each column; nil where no map is stored.
  private func columnGroups(
    _ name: String, _ linear: LinearShape, count: Int
  ) throws(CheckpointError) -> [Int]? {
    guard tensor(name) != nil else { return nil }
    let stored = try tensor(name, dimensions: [linear.columns])
    guard let values = stored.integers else {
      throw .tensor(
        name: name, path: stored.path,
        reason: "has type \(stored.shape.type.rawValue); I32 or I64 is needed")
    }
    guard let wrong = values.first(where: { !(0..<Int64(count)).contains($0) }) else {
      return values.map(Int.init)
    }
    throw .tensor(
      name: name, path: stored.path,
      reason: "puts a column into group \(wrong), and there are groups 0 to \(count - 1)")
  }
}
