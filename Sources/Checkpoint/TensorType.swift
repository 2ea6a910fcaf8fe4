public import LinearAlgebra

/// The element types of safetensors files, under the names of the format.
public enum TensorType: String, Sendable, CaseIterable {
  /// Booleans of one byte.
  case bool = "BOOL"
  /// Unsigned 8-bit integers.
  case uint8 = "U8"
  /// Signed 8-bit integers.
  case int8 = "I8"
  /// 8-bit floats with 5 bits of exponent.
  case float8E5M2 = "F8_E5M2"
  /// 8-bit floats with 4 bits of exponent.
  case float8E4M3 = "F8_E4M3"
  /// Powers of two: only 8 bits of exponent.
  case float8E8M0 = "F8_E8M0"
  /// Signed 16-bit integers.
  case int16 = "I16"
  /// Unsigned 16-bit integers.
  case uint16 = "U16"
  /// IEEE 754 binary16.
  case float16 = "F16"
  /// The upper half of a binary32.
  case bfloat16 = "BF16"
  /// Signed 32-bit integers.
  case int32 = "I32"
  /// Unsigned 32-bit integers.
  case uint32 = "U32"
  /// IEEE 754 binary32.
  case float32 = "F32"
  /// IEEE 754 binary64.
  case float64 = "F64"
  /// Signed 64-bit integers.
  case int64 = "I64"
  /// Unsigned 64-bit integers.
  case uint64 = "U64"

  /// The number of bytes of one element.
  public var byteCount: Int {
    switch self {
    case .bool, .uint8, .int8, .float8E5M2, .float8E4M3, .float8E8M0: 1
    case .int16, .uint16, .float16, .bfloat16: 2
    case .int32, .uint32, .float32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  /// The floating-point format of this type, if weights can have it.
  public var floatFormat: FloatFormat? {
    switch self {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    default: nil
    }
  }

  /// The type that stores a floating-point format.
  public init(_ format: FloatFormat) {
    switch format {
    case .float32: self = .float32
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    }
  }
}

/// The type and shape of a tensor, without its elements.
public struct TensorShape: Sendable, Equatable {
  /// The type of the elements.
  public let type: TensorType
  /// The length of each axis, outermost first.
  public let dimensions: [Int]

  /// A type and shape.
  public init(_ type: TensorType, _ dimensions: [Int]) {
    self.type = type
    self.dimensions = dimensions
  }

  /// The number of bytes of all elements, or nil if it overflows.
  public var byteCount: Int? {
    var count = type.byteCount
    for dimension in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      if overflow || dimension < 0 { return nil }
      count = product
    }
    return count
  }
}
