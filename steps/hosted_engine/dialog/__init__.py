"""What `hosted-engine --deploy` says and what may be answered: pure, no I/O, bounded memory."""
