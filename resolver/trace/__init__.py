"""Tracing across enterprises: one question, many nodes (`tracing.md` §8).

    driver       asks for each level of a walk whoever has its edges, in parallel, within the budget; again for what is missing
    taking       what of an answer is believed
    neighbours   finds the node of a prefix and sends it a step
    errand       one question with all it has found; errands keeps those that run on, or may be gone on with
    job_files    writes down those that take their time, beyond a restart
    evidence     answers that nodes signed
    form         steps and edges of the registry as the wire has them, and back
    trace_pass   who asks, proved to every node the question reaches
    grade        how much somebody may see below a prefix
    answering    the other side: answers a step, hides what is not for the asker
    hidden       runs on for somebody who may not see the names, and gives him pseudonyms
    notices      tells holders of what is affected, hands on to those whose names are hidden, takes acknowledgements
    telling      the loop that tells what waits; source: whether a message comes from the node it speaks for
    pointers     tells the homes of foreign things that there are edges of them here, and takes such word from others
"""
