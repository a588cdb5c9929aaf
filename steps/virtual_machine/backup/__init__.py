"""The backup of virtual machines: snapshot, merge, retain, and the removal of an old iteration."""
