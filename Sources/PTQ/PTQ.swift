// The whole library under one name: `import PTQ`.

@_exported public import Checkpoint
@_exported public import Formats
@_exported public import JSON
@_exported public import PTQSolvers
@_exported public import Pipeline
@_exported public import Transformer
