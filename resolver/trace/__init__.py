"""Tracing across enterprises: one question, many nodes (`tracing.md` §8).

    driver       asks for each level of a walk whoever has its edges, in parallel, within the budget
    neighbours   finds the node of a prefix and sends it a step
    form         steps and edges of the registry as the wire has them, and back
    trace_pass   who asks, proved to every node the question reaches
    grade        how much somebody may see below a prefix
    answering    the other side: answers a step, hides what is not for the asker
    hidden       runs on for somebody who may not see the names, and gives him pseudonyms
    pointers     tells the homes of foreign things that there are edges of them here, and takes such word from others
"""
