"""The real operations on the fakes, interleaved at every port call by a seeded schedule.

A history is a list of steps, each a line of words: `p1 add guest docs`, `p1 run 3`, `p1 kill`,
`h1 revert guest`. `dice` draws them from a seed, `history` plays them, `invariants` says what must
hold meanwhile and at the end, `shrink` takes away the steps that a failure does not need.
`python -m tests.simulation` plays many, and replays one.
"""
