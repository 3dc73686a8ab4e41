"""The GS1-conformant resolver: Digital Links to the links of records.

| you look for | open |
|---|---|
| what a request asks | `asked.py`, `preferences.py` (Accept, Accept-Language) |
| what is known of a key | `finding.py`, `levels.py`; links as values of a record: `registry/links.py`, `proto/types/link.py` |
| which link is chosen | `choice.py` |
| what is answered | `answering.py`, `reply.py`, `linkset.py`, `description.py`; to people: `pages.py` |
| who may ask | `resolver.py` (one question from beginning to end), `digital_links.py` (by aiohttp) |
| why a plain request is fast | `kept.py`, called by `web/chunks.py` |
"""
