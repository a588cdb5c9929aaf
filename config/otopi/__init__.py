"""Answer files of otopi, the engine of `hosted-engine --deploy` and `engine-setup`."""
