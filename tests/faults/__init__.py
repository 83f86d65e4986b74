"""What happens when the world misbehaves: each fault is brought about, and its outcome counted.

`python -m tests.faults` prints the table. A module takes part with a function
``experiments(context) -> Iterator[Experiment]`` and its name in ``__main__.MODULES``.
"""
