"""Images made of several finds: style mixing, walks and films."""
