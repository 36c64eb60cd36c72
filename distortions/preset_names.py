"""The names of the presets, for what must not import TensorFlow, as the presets do."""

PRESETS = (
    "live",
    "tid2013",
    "csiq",
    "live_md",
    "paper",
    "released_code",
    "kadid10k",
    "camera",
    "camera_mixed",
)
