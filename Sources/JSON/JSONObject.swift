// The members are stored as an array in the order of the text. Large objects also have an index
// from the bytes of a name to its position.

/// The members of a JSON object in their order, with distinct names.
public struct JSONObject: Sendable {
  /// A name and its value.
  public struct Member: Sendable, Equatable {
    /// The name.
    public let name: String
    /// The value.
    public var value: JSONValue

    /// Compares names by their UTF-8 bytes, and values.
    public static func == (left: Member, right: Member) -> Bool {
      ByteString(left.name) == ByteString(right.name) && left.value == right.value
    }
  }

  private var members: [Member] = []

  // The positions of the names; empty while the object is so small that a linear search is faster.
  private var positions: [ByteString: Int] = [:]
  private static let indexedFrom = 12

  /// Creates an object without members.
  public init() {}

  /// The names of the members, in order.
  public var names: [String] { members.map(\.name) }

  /// The value of the member with a given name, which is compared by its UTF-8 bytes.
  ///
  /// Setting the value of an existing member keeps its position. A new member is appended. Setting
  /// nil removes the member.
  ///
  /// - Complexity: O(1) for reading and setting, O(`count`) for removing.
  public subscript(name: String) -> JSONValue? {
    get { position(of: ByteString(name)).map { members[$0].value } }
    set {
      switch (position(of: ByteString(name)), newValue) {
      case (let position?, let value?):
        members[position].value = value
      case (let position?, nil):
        members.remove(at: position)
        positions = [:]
        if members.count >= Self.indexedFrom { index() }
      case (nil, let value?):
        append(name, value)
      case (nil, nil):
        break
      }
    }
  }

  /// Appends a member unless there is one with the same name.
  ///
  /// - Returns: Whether the member was appended.
  mutating func appendIfNew(_ name: String, _ value: JSONValue) -> Bool {
    guard position(of: ByteString(name)) == nil else { return false }
    append(name, value)
    return true
  }

  private mutating func append(_ name: String, _ value: JSONValue) {
    members.append(Member(name: name, value: value))
    if !positions.isEmpty {
      positions[ByteString(name)] = members.count - 1
    } else if members.count >= Self.indexedFrom {
      index()
    }
  }

  private mutating func index() {
    positions.reserveCapacity(2 * members.count)
    for (position, member) in members.enumerated() {
      positions[ByteString(member.name)] = position
    }
  }

  private func position(of name: ByteString) -> Int? {
    positions.isEmpty
      ? members.firstIndex { ByteString($0.name) == name }
      : positions[name]
  }
}

extension JSONObject: RandomAccessCollection {
  /// The position of the first member.
  public var startIndex: Int { 0 }

  /// The position after the last member.
  public var endIndex: Int { members.count }

  /// The member at a given position.
  public subscript(position: Int) -> Member { members[position] }
}

extension JSONObject: Equatable {
  /// Whether both objects have equal members in the same order.
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.members == right.members
  }
}
