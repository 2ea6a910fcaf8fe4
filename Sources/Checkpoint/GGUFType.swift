/// How the elements of a tensor are stored in a GGUF file: as floats, or in blocks of codes with scales.
///
/// The raw values are those of ggml. Types that this library neither writes nor reads are left out.
public enum GGUFType: UInt32, Sendable, CaseIterable {
  case float32 = 0
  case float16 = 1
  case bfloat16 = 30
  case q40 = 2
  case q41 = 3
  case q50 = 6
  case q51 = 7
  case q80 = 8
  case q2K = 10
  case q3K = 11
  case q4K = 12
  case q5K = 13
  case q6K = 14
  case iq4NL = 20
  case iq4XS = 23
  case tq10 = 34
  case tq20 = 35
  case mxfp4 = 39

  /// The name that users know, such as `Q4_K`.
  public var name: String {
    switch self {
    case .float32: "F32"
    case .float16: "F16"
    case .bfloat16: "BF16"
    case .q40: "Q4_0"
    case .q41: "Q4_1"
    case .q50: "Q5_0"
    case .q51: "Q5_1"
    case .q80: "Q8_0"
    case .q2K: "Q2_K"
    case .q3K: "Q3_K"
    case .q4K: "Q4_K"
    case .q5K: "Q5_K"
    case .q6K: "Q6_K"
    case .iq4NL: "IQ4_NL"
    case .iq4XS: "IQ4_XS"
    case .tq10: "TQ1_0"
    case .tq20: "TQ2_0"
    case .mxfp4: "MXFP4"
    }
  }

  /// The number of consecutive elements of a row that are stored together.
  public var blockLength: Int {
    switch self {
    case .float32, .float16, .bfloat16: 1
    case .q40, .q41, .q50, .q51, .q80, .iq4NL, .mxfp4: 32
    case .q2K, .q3K, .q4K, .q5K, .q6K, .iq4XS, .tq10, .tq20: 256
    }
  }

  /// The number of bytes of a block.
  public var blockByteCount: Int {
    switch self {
    case .float32: 4
    case .float16, .bfloat16: 2
    case .q40, .iq4NL: 18
    case .q41: 20
    case .q50: 22
    case .q51: 24
    case .q80: 34
    case .q2K: 84
    case .q3K: 110
    case .q4K: 144
    case .q5K: 176
    case .q6K: 210
    case .iq4XS: 136
    case .tq10: 54
    case .tq20: 66
    case .mxfp4: 17
    }
  }

  /// The bits of a weight, with its share of scales and offsets.
  public var bitsPerWeight: Double { Double(8 * blockByteCount) / Double(blockLength) }

  /// The type of plain elements; nil for blocks.
  public var elementType: TensorType? {
    switch self {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    default: nil
    }
  }

  /// The number of bytes of a row; nil where blocks do not fill it, or no file could hold it.
  public func byteCount(ofRow columns: Int) -> Int? {
    guard columns >= 0, columns % blockLength == 0 else { return nil }
    let (count, overflow) = (columns / blockLength).multipliedReportingOverflow(by: blockByteCount)
    return overflow ? nil : count
  }
}
