"""A restored engine brought back into service: before and after its deployment goes on."""
