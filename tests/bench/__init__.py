"""How fast AutoCNN is beside its peers, and how to find out: `python -m tests.bench`.

conductor   starts the workers and leads them through the rounds
process     the conductor's end of one worker
worker      one library in a process of its own, which does what it is told in JSON
noise       how much of the machine others used meanwhile
cases       what is measured; nets/ the networks; weights the numbers that everybody starts from
peers/      one file for each library: how it does a case
marks       whether two libraries computed the same
results     what was measured, as data; tables and page show it

No test asserts a time: the tests here hold that the measurements agree with each other, and the arithmetic.
"""
