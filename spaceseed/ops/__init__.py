"""Evolution in latent space: batched functions on tensors with seeded random numbers, and optimizers.

    optimizer     ask and tell, the base of differential_evolution, genetic, cma and random_search
    termination   when a search ends
    crossover, mutation, selection     the operators, each a function, listed by name in a dictionary
    prior, interpolate                 the geometry of z ~ N(0, I): its shell, and paths on it
    sefa, pca                          directions without labels, from weights and from samples
    subspace                           directions and what they span
    discriminant, validation           scores that separate bad latents from good ones, and their reliability
    avoidance                          draws that avoid a region

All random numbers come from a CPU `torch.Generator` that the caller seeds, so a seed gives the same result on every
device. A child depends only on its own parents and random numbers, not on other rows. To add an operator, write a
function, a line in its dictionary and a test.
"""
