"""The Search tab: a visitor types what they want to see."""
