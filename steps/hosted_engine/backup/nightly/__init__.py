"""The nightly backup of the engine: who starts it, when next, and whether one was missed."""
