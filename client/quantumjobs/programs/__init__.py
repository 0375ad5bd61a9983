"""Programs in any language, to the bytes and the format that a target takes; nothing here talks to a cluster."""
