"""The Steer tab: sliders that change one find."""
