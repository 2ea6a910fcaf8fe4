// The pre-tokenizer `UnicodeScripts`: a piece ends where the script of the characters changes. As in
// the Python package, scripts are those of Unicode 9, the Japanese syllabaries count as Han, and
// spaces, private characters and those that were assigned later belong to what is before them.

/// The scripts of characters.
enum UnicodeScripts {
  /// The number of a character's script, or nil if it has none.
  static func script(of scalar: Unicode.Scalar) -> UInt8? {
    if scalar == " " || !scalar.isKnown(toUnicode: 9) { return nil }
    if scalar.properties.generalCategory == .privateUse || scalar.properties.isNoncharacterCodePoint
    {
      return nil
    }
    // The last range that starts at or before the scalar.
    var (low, high) = (0, ranges.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if ranges[middle].first <= scalar.value { low = middle } else { high = middle }
    }
    return ranges[low].script
  }

  /// The pieces of a text: what comes before the first character with a script is in none.
  static func runs(in text: ArraySlice<UInt8>) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var last: UInt8?
    text.forEachScalar { scalar, range in
      if let script = script(of: scalar), script != last {
        runs.append(range)
        last = script
      } else if let run = runs.popLast() {
        runs.append(run.lowerBound..<range.upperBound)
      }
    }
    return runs
  }

  private static let ranges: [(first: UInt32, script: UInt8)] = table.split(separator: " ").map {
    let parts = $0.split(separator: ":").map { UInt32($0, radix: 16) ?? 0 }
    return (parts[0], UInt8(parts[1]))
  }

  /// The first scalar and the script of each range, made by `Tools/make-script-table.py`.
  private static let table = """
    0:0 41:1 5B:0 61:1 7B:0 AA:1 AB:0 BA:1 BB:0 C0:1 D7:0 D8:1 F7:0 F8:1 2B9:0 2E0:1 2E5:0 2EA:2 \
    2EC:0 300:3 370:4 374:0 375:4 37E:0 37F:4 385:0 386:4 387:0 388:4 3E2:5 3F0:4 400:6 485:3 487:6 \
    531:7 589:0 58A:7 591:8 600:9 605:0 606:9 60C:0 60D:9 61B:0 61E:9 61F:0 620:9 640:0 641:9 64B:3 \
    656:9 670:3 671:9 6DD:0 6DE:9 700:A 750:9 780:B 7C0:C 800:D 840:E 8A0:9 8E2:0 8E3:9 900:F 951:3 \
    953:F 964:0 966:F 980:10 A01:11 A81:12 B01:13 B82:14 C00:15 C80:16 D01:17 D82:18 E01:19 E3F:0 \
    E40:19 E81:1A F00:1B FD5:0 FD9:1B 1000:1C 10A0:1D 10FB:0 10FC:1D 1100:1E 1200:1F 13A0:20 1400:21 \
    1680:22 16A0:23 16EB:0 16EE:23 1700:24 1720:25 1735:0 1740:26 1760:27 1780:28 1800:29 1802:0 \
    1804:29 1805:0 1806:29 18B0:21 1900:2A 1950:2B 1980:2C 19E0:28 1A00:2D 1A20:2E 1AB0:3 1B00:2F \
    1B80:30 1BC0:31 1C00:32 1C50:33 1C80:6 1CC0:30 1CD0:3 1CD3:0 1CD4:3 1CE1:0 1CE2:3 1CE9:0 1CED:3 \
    1CEE:0 1CF4:3 1CF5:0 1CF8:3 1D00:1 1D26:4 1D2B:6 1D2C:1 1D5D:4 1D62:1 1D66:4 1D6B:1 1D78:6 \
    1D79:1 1DBF:4 1DC0:3 1E00:1 1F00:4 2000:0 200C:3 200E:0 2071:1 2074:0 207F:1 2080:0 2090:1 \
    20A0:0 20D0:3 2100:0 2126:4 2127:0 212A:1 212C:0 2132:1 2133:0 214E:1 214F:0 2160:1 2189:0 \
    2800:34 2900:0 2C00:35 2C60:1 2C80:5 2D00:1D 2D30:36 2D80:1F 2DE0:6 2E00:0 2E80:37 2FF0:0 \
    3005:37 3006:0 3007:37 3008:0 3021:37 302A:3 302E:1E 3030:0 3038:37 303C:0 3041:37 3099:3 309B:0 \
    309D:37 30A0:0 30A1:37 30FB:0 30FC:37 3105:2 3131:1E 3190:0 31A0:2 31C0:0 31F0:37 3200:1E 3220:0 \
    3260:1E 327F:0 32D0:37 3358:0 3400:37 4DC0:0 4E00:37 A000:38 A4D0:39 A500:3A A640:6 A6A0:3B \
    A700:0 A722:1 A788:0 A78B:1 A800:3C A830:0 A840:3D A880:3E A8E0:F A900:3F A92E:0 A92F:3F A930:40 \
    A960:1E A980:41 A9CF:0 A9D0:41 A9E0:1C AA00:42 AA60:1C AA80:43 AAE0:44 AB01:1F AB30:1 AB5B:0 \
    AB5C:1 AB65:4 AB70:20 ABC0:44 AC00:1E F900:37 FB00:1 FB13:7 FB1D:8 FB50:9 FD3E:0 FD50:9 FE00:3 \
    FE10:0 FE20:3 FE2E:6 FE30:0 FE70:9 FEFF:0 FF21:1 FF3B:0 FF41:1 FF5B:0 FF66:37 FF70:0 FF71:37 \
    FF9E:0 FFA0:1E FFE0:0 10000:45 10100:0 10140:4 10190:0 101A0:4 101D0:0 101FD:3 10280:46 102A0:47 \
    102E0:3 102E1:0 10300:48 10330:49 10350:4A 10380:4B 103A0:4C 10400:4D 10450:4E 10480:4F 104B0:50 \
    10500:51 10530:52 10600:53 10800:54 10840:55 10860:56 10880:57 108E0:58 10900:59 10920:5A \
    10980:5B 109A0:5C 10A00:5D 10A60:5E 10A80:5F 10AC0:60 10B00:61 10B40:62 10B60:63 10B80:64 \
    10C00:65 10C80:66 10E60:9 11000:67 11080:68 110D0:69 11100:6A 11150:6B 11180:6C 111E1:18 \
    11200:6D 11280:6E 112B0:6F 11300:70 11400:71 11480:72 11580:73 11600:74 11660:29 11680:75 \
    11700:76 118A0:77 11AC0:78 11C00:79 11C70:7A 12000:7B 13000:7C 14400:7D 16800:3B 16A40:7E \
    16AD0:7F 16B00:80 16F00:81 16FE0:82 1B000:37 1BC00:83 1BCA0:0 1D167:3 1D16A:0 1D17B:3 1D183:0 \
    1D185:3 1D18C:0 1D1AA:3 1D1AE:0 1D200:4 1D300:0 1D800:84 1E000:35 1E800:85 1E900:86 1EE00:9 \
    1F000:0 1F200:37 1F201:0 20000:37 E0001:0 E0100:3
    """
}
