"""The app: one file a tab, joined by `demo.build`."""
