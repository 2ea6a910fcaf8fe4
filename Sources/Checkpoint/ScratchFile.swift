internal import Glibc
package import LinearAlgebra
internal import Synchronization

/// A file without a name, for matrices that memory has no room for.
///
/// It vanishes with this object. It grows by slots of one size as they are needed. Numbers come back exactly as they were.
package final class ScratchFile: Sendable {
  /// A place in the file that has matrices in it, which others may take once nobody holds it.
  ///
  /// Whoever stores something new takes another slot, so copies of a value that holds slots stay what they were.
  package final class Slot: Sendable {
    fileprivate let file: ScratchFile
    fileprivate let index: Int

    fileprivate init(_ file: ScratchFile, _ index: Int) {
      self.file = file
      self.index = index
    }

    deinit { file.slots.withLock { $0.free.append(index) } }
  }

  private let descriptor: Int32
  /// The folder that it is in.
  private let folder: String
  private let slotBytes: Int
  private let slots = Mutex<(count: Int, free: [Int])>((0, []))

  /// Makes a file.
  ///
  /// - Parameters:
  ///   - folder: a folder on the disk that is to hold it.
  ///   - slotElements: the numbers that a slot can hold.
  ///   - count: the slots for which there must be room.
  /// - Throws: ``CheckpointError`` if nothing can be written there, or so much does not fit.
  package init(
    in folder: String, slotElements: Int, count: Int
  ) throws(CheckpointError) {
    self.folder = folder
    slotBytes = MemoryLayout<Float>.size * slotElements
    let (needed, overflow) = slotBytes.multipliedReportingOverflow(by: count)
    try DiskRoom.check(for: overflow ? .max : needed, in: folder)
    let path = "\(folder)/.scratch-\(String(UInt64.random(in: .min ... .max), radix: 16))"
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else {
      throw .system(path: path, doing: "creating a scratch file", code: errno)
    }
    // It lives on until it is closed, and goes with the process, however that ends.
    unsafe unlink(path)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Stores matrices in a free slot.
  ///
  /// - Precondition: they fit.
  /// - Throws: ``CheckpointError`` if they cannot be written.
  package func store(_ matrices: [Matrix]) throws(CheckpointError) -> Slot {
    let slot = Slot(
      self,
      slots.withLock { slots in
        if let free = slots.free.popLast() { return free }
        slots.count += 1
        return slots.count - 1
      })
    var offset = slot.index * slotBytes
    let end = offset + slotBytes
    for matrix in matrices {
      let size = MemoryLayout<Float>.size * matrix.elements.count
      precondition(offset + size <= end, "matrices that are larger than a slot")
      // Safety: floats have no padding.
      try unsafe write(matrix.elements.span.bytes, at: offset)
      offset += size
    }
    return slot
  }

  /// The matrices of a slot, given their shapes.
  ///
  /// - Throws: ``CheckpointError`` if they cannot be read.
  package func matrices(
    in slot: Slot, _ shapes: [(rows: Int, columns: Int)]
  ) throws(CheckpointError) -> [Matrix] {
    precondition(slot.file === self, "a slot of another file")
    var (offset, result) = (slot.index * slotBytes, [Matrix]())
    for (rows, columns) in shapes {
      let elements = try read(rows * columns, at: offset)
      result.append(Matrix(rows: rows, columns: columns, elements: elements))
      offset += MemoryLayout<Float>.size * elements.count
    }
    return result
  }

  private func write(_ bytes: RawSpan, at offset: Int) throws(CheckpointError) {
    try transfer(bytes.byteCount, doing: "writing a scratch file in it") { done in
      // Safety: the pointer is used within the closure, for no more bytes than the span has.
      unsafe bytes.extracting(done..<bytes.byteCount).withUnsafeBytes {
        unsafe pwrite(descriptor, $0.baseAddress, $0.count, offset + done)
      }
    }
  }

  private func read(_ count: Int, at offset: Int) throws(CheckpointError) -> [Float] {
    var elements = [Float](repeating: 0, count: count)
    let size = MemoryLayout<Float>.size * count
    try transfer(size, doing: "reading a scratch file in it") { done in
      // Safety: the pointer is used within the closure, for no more bytes than the array has; any bytes are floats.
      unsafe elements.withUnsafeMutableBytes {
        unsafe pread(
          descriptor, $0.baseAddress.map { unsafe $0 + done }, size - done, offset + done)
      }
    }
    return elements
  }

  /// Repeats a system call until it has moved all bytes.
  private func transfer(
    _ count: Int, doing: String, _ move: (_ done: Int) -> Int
  ) throws(CheckpointError) {
    var done = 0
    while done < count {
      let moved = move(done)
      if moved < 0 && errno == EINTR { continue }
      guard moved > 0 else {
        throw .system(path: folder, doing: doing, code: moved < 0 ? errno : EIO)
      }
      done += moved
    }
  }
}
