"""Pure, batched, seeded functions on tensors: evolution operators, optimizers, and the geometry of the Gaussian prior."""
