/// The bytes of safetensors files, as they are or as they should never be.
package enum RawSafetensors {
  /// A tensor to be written.
  package struct Tensor: Sendable {
    package let name: String
    package let type: String
    package let shape: [Int]
    package let data: [UInt8]

    /// A tensor of given bytes.
    package init(_ name: String, _ type: String, _ shape: [Int], _ data: [UInt8]) {
      self.name = name
      self.type = type
      self.shape = shape
      self.data = data
    }
  }

  /// A file of a header and data, whatever they say.
  ///
  /// Its first eight bytes give `claimedLength`, or the header's true length for nil.
  package static func file(
    header: String, data: [UInt8] = [], claimedLength: UInt64? = nil
  ) -> [UInt8] {
    let header = Array(header.utf8)
    let length = claimedLength ?? UInt64(header.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + header + data
  }

  /// One tensor's member of a header.
  package static func member(
    _ name: String, _ type: String, shape: String, offsets: String
  ) -> String {
    #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)}"#
  }

  /// A valid file of the given tensors.
  package static func file(_ tensors: [Tensor]) -> [UInt8] {
    var members: [String] = []
    var data: [UInt8] = []
    for tensor in tensors {
      let offsets = [data.count, data.count + tensor.data.count]
      members.append(
        member(tensor.name, tensor.type, shape: "\(tensor.shape)", offsets: "\(offsets)"))
      data += tensor.data
    }
    return file(header: "{\(members.joined(separator: ","))}", data: data)
  }

  /// Integers as little-endian bytes.
  package static func bytes<Value: FixedWidthInteger>(_ values: [Value]) -> [UInt8] {
    values.flatMap { value in
      (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * Value($0))) }
    }
  }

  /// Floats as little-endian bytes.
  package static func bytes(_ values: [Float]) -> [UInt8] { bytes(values.map(\.bitPattern)) }
}
