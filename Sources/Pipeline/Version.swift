/// The version of the package, as `ptq --version` prints it and checkpoints record it.
public let version = "0.1.0"
