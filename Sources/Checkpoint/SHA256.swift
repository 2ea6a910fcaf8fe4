internal import COpenSSL

/// A SHA-256 digest of bytes that arrive piece by piece (FIPS 180-4), computed by OpenSSL.
@safe package struct SHA256: ~Copyable {
  // Safety: the context is made in init, freed in deinit, and never handed out.
  private let context: OpaquePointer

  /// The digest of nothing yet.
  package init() {
    guard let context = unsafe EVP_MD_CTX_new() else { fatalError("out of memory") }
    unsafe self.context = context
    unsafe check(EVP_DigestInit_ex(context, EVP_sha256(), nil))
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  /// Adds bytes.
  package mutating func add(_ bytes: RawSpan) {
    // Safety: the pointer is used within the closure, for no more bytes than the span has.
    unsafe bytes.withUnsafeBytes {
      unsafe check(EVP_DigestUpdate(context, $0.baseAddress, $0.count))
    }
  }

  /// The digest of everything added, as 64 hexadecimal digits.
  package consuming func finish() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    unsafe check(EVP_DigestFinal_ex(context, &digest, nil))
    return digest.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
  }

  /// The digest of some bytes.
  package static func digest(of bytes: [UInt8]) -> String {
    var digest = SHA256()
    // Safety: bytes have no padding.
    unsafe digest.add(bytes.span.bytes)
    return digest.finish()
  }

  /// The functions fail only when OpenSSL lacks the algorithm.
  private func check(_ status: Int32) { precondition(status == 1, "OpenSSL has no SHA-256") }
}

extension MappedFile {
  /// The SHA-256 of the file's bytes.
  package var digest: String { digest(of: 0..<byteCount) }

  /// The SHA-256 of a part of them.
  package func digest(of range: Range<Int>) -> String {
    var digest = SHA256()
    let step = 1 << 24
    for start in stride(from: range.lowerBound, to: range.upperBound, by: step) {
      withBytes(start..<min(range.upperBound, start + step)) { digest.add($0) }
    }
    return digest.finish()
  }
}
