"""The questions of `hosted-engine --deploy`, both generations of the tool, as tables.

`classic_table` and `ansible_table` hold one row a question of the real tool; wizard, plain mode,
answer files and the known answers of the driver are all made from these rows.
"""
