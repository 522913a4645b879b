"""Search of training options: the space, the study, and its table and plot."""
