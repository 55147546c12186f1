"""What critics are worth: helpful shares, generator-discriminator-critique gaps, refinement win rates."""
