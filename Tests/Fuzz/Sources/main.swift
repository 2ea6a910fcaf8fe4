// libFuzzer runs the reader that the environment names on inputs that it makes up.

import Foundation

/// libFuzzer's own main, which is called from here because the package manager brings one for every program.
@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Reads an input; what is not refused with one of the project's own errors ends the program.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // Safety: libFuzzer hands out so many bytes for the time of this call.
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  Reader.chosen.read(bytes)
  return 0
}

// Before libFuzzer prints anything, because an unknown name leads to a list.
_ = Reader.chosen
var count = CommandLine.argc
// Safety: the arguments live as long as the program.
var arguments = unsafe CommandLine.unsafeArgv
exit(unsafe runDriver(&count, &arguments, testOneInput))
