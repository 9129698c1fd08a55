"""Mix and Film, two parts of the Steer tab: grids and films made of several finds."""
