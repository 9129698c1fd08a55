"""What the app remembers: the networks of all visitors, everything else of one. Lays nothing out."""
