import CLI
import PTQ

MethodRegistry.add(
  RoundingMethod(
    name: "descent", summary: "coordinate descent from round to nearest", needsCalibration: true
  ) { _ in Descent() })
PTQCommand.main()
