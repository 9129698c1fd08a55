"""The app: one folder a tab, joined by `demo.build`."""
