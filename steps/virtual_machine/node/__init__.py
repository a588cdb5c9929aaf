"""The daemon of a node: does what the directory orders for the machines of its own sstNode."""
