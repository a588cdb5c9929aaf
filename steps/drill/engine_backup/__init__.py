"""The drill of a backup of the engine: last night's was taken while every host carried machines."""
