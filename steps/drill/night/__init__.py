"""The drill of the nightly backup: twelve machines, and what is the matter with four of them."""
