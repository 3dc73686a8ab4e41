"""Identifiers of every scheme: whose they are, and what others say about them.

    finding.py    what a text leads to by what this node knows: a record, a handle, a route, nothing
    taking.py     what it is answered, by the step of the chain that every transport passes
    settings.py   what an operator may set
    targets.py    where a provider of a route is asked for an identifier
    abroad.py     answers of others: cached, asked for once, from the provider that is well
    health.py     which provider is well
    fetching.py   HTTPS, within bounds and outside private networks; naptr.py the same for DNS
    shown.py      what others said, as values
    did.py        identifiers that hold their own answer; did_rendering.py records as DID documents
    resolving.py  a text resolved with what led to the answer, for /api/v1 and its like
"""
