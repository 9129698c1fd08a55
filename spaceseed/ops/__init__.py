"""Evolution in latent space: pure, batched, seeded functions on tensors, and the optimizers made of them.

    optimizer     ask and tell, shared by differential_evolution, genetic, cma and random_search
    termination   when a search ends
    crossover, mutation, selection     the operators, each a function, listed by name in a dict
    prior, interpolate                 the geometry of z ~ N(0, I): staying on its shell, moving along it
    sefa, pca                          directions without labels, of weights and of samples
    subspace                           directions and what they span
    discriminant, validation           what tells bad latents from good ones, and how far to trust it
    avoidance                          draws that keep out of a region

Every draw comes from a CPU `torch.Generator` that the caller seeds, so that a seed means the same on every device; a
child depends on its own parents and draws, not on the rows beside it. To add an operator, write one function, one line
in its dict, and a test.
"""
