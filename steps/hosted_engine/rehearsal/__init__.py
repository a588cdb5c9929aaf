"""A backup's databases, restored into a scratch PostgreSQL: a restore that someone has seen."""
