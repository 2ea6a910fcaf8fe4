/// A value in the metadata of a GGUF file.
public enum GGUFValue: Sendable, Equatable {
  case uint8(UInt8)
  case int8(Int8)
  case uint16(UInt16)
  case int16(Int16)
  case uint32(UInt32)
  case int32(Int32)
  case float32(Float)
  case bool(Bool)
  /// A string as its bytes: files hold tokens that are not valid UTF-8.
  case bytes([UInt8])
  case uint64(UInt64)
  case int64(Int64)
  case float64(Double)
  /// Values of one kind; the kind is stated, since there may be none of them.
  case array(Kind, [GGUFValue])

  /// The kinds of values, with the numbers that stand for them.
  public enum Kind: UInt32, Sendable {
    case uint8 = 0
    case int8 = 1
    case uint16 = 2
    case int16 = 3
    case uint32 = 4
    case int32 = 5
    case float32 = 6
    case bool = 7
    case string = 8
    case array = 9
    case uint64 = 10
    case int64 = 11
    case float64 = 12

    /// The smallest number of bytes that a value takes.
    var leastByteCount: Int {
      switch self {
      case .uint8, .int8, .bool: 1
      case .uint16, .int16: 2
      case .uint32, .int32, .float32: 4
      case .string, .uint64, .int64, .float64: 8
      case .array: 12
      }
    }
  }

  /// A string.
  public static func string(_ text: String) -> GGUFValue { .bytes(Array(text.utf8)) }

  /// An array of strings.
  public static func strings(_ texts: [String]) -> GGUFValue {
    .array(.string, texts.map(GGUFValue.string))
  }

  /// The kind of the value.
  public var kind: Kind {
    switch self {
    case .uint8: .uint8
    case .int8: .int8
    case .uint16: .uint16
    case .int16: .int16
    case .uint32: .uint32
    case .int32: .int32
    case .float32: .float32
    case .bool: .bool
    case .bytes: .string
    case .uint64: .uint64
    case .int64: .int64
    case .float64: .float64
    case .array: .array
    }
  }

  /// The value as an integer, whatever its width; nil for any other kind.
  public var int: Int? {
    switch self {
    case .uint8(let value): Int(value)
    case .int8(let value): Int(value)
    case .uint16(let value): Int(value)
    case .int16(let value): Int(value)
    case .uint32(let value): Int(value)
    case .int32(let value): Int(value)
    case .uint64(let value): Int(exactly: value)
    case .int64(let value): Int(value)
    default: nil
    }
  }

  /// The value as a finite number; nil for any other.
  public var number: Double? {
    switch self {
    case .float32(let value): value.isFinite ? Double("\(value)") : nil
    case .float64(let value): value.isFinite ? value : nil
    default: int.map(Double.init)
    }
  }

  /// The value as a boolean; nil for any other kind.
  public var flag: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// The value as text, in which bytes that are not UTF-8 are replaced; nil for any other kind.
  public var text: String? {
    if case .bytes(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
  }

  /// The elements of an array; nil for any other kind.
  public var elements: [GGUFValue]? { if case .array(_, let values) = self { values } else { nil } }
}

extension GGUFValue {
  /// The value as it stands in a file, without its kind.
  var encoded: [UInt8] {
    switch self {
    case .uint8(let value): [value]
    case .int8(let value): littleEndian(CollectionOfOne(value))
    case .uint16(let value): littleEndian(CollectionOfOne(value))
    case .int16(let value): littleEndian(CollectionOfOne(value))
    case .uint32(let value): littleEndian(CollectionOfOne(value))
    case .int32(let value): littleEndian(CollectionOfOne(value))
    case .float32(let value): littleEndian(CollectionOfOne(value.bitPattern))
    case .bool(let value): [value ? 1 : 0]
    case .bytes(let bytes): littleEndian(CollectionOfOne(UInt64(bytes.count))) + bytes
    case .uint64(let value): littleEndian(CollectionOfOne(value))
    case .int64(let value): littleEndian(CollectionOfOne(value))
    case .float64(let value): littleEndian(CollectionOfOne(value.bitPattern))
    case .array(let kind, let values):
      littleEndian(CollectionOfOne(kind.rawValue))
        + littleEndian(CollectionOfOne(UInt64(values.count))) + values.flatMap(\.encoded)
    }
  }
}
