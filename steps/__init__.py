"""What is done, and to what. Never loads the full-screen library."""
