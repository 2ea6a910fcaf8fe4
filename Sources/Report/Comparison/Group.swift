/// Positions that share a name.
struct Group: Sendable, Equatable {
  /// The shared name.
  let name: String
  /// The positions in ascending order.
  var members: [Int] = []
}

extension Group {
  /// Groups positions by their names, in the order in which the names first occur.
  static func by(_ names: [String]) -> [Group] {
    var groups: [Group] = []
    var places: [String: Int] = [:]
    for (position, name) in names.enumerated() {
      if places[name] == nil {
        places[name] = groups.count
        groups.append(Group(name: name))
      }
      groups[places[name, default: 0]].members.append(position)
    }
    return groups
  }
}

extension Collection<Double> {
  /// The mean of the values, or nil if there are none.
  var mean: Double? { isEmpty ? nil : reduce(0, +) / Double(count) }
}

extension Array<Double?> {
  /// The values, or nil if any is missing, since means over different sets do not compare.
  var complete: [Double]? {
    let values = compactMap { $0 }
    return values.count == count ? values : nil
  }
}
