"""`python -m bench`: every measurement, one after the other."""

from bench import compile_time, train

train.main()
compile_time.main()
