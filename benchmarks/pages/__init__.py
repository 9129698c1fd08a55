"""The pages of the studies: what `docs/results` says, one module a page."""
