"""A cluster on this machine: the processes that `bin/cluster` starts, watches and stops.

`services` lists them, `lifecycle` starts and stops them, `state` remembers them. Python's standard library is all that is needed.
"""
