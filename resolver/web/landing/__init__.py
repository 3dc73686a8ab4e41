"""The page a person gets who scans a code: what a thing is, whether it may be used, who says so.

| you look for | open |
|---|---|
| which language | `language.py` |
| what a page is made of: the typed input of `landing_page` | `shown.py` |
| the page | `page.py`, its words `words.py`, its looks `style.py`, what makes any text harmless `markup.py` |
| which field of which template a value is | `template.py`, then `fields.py`, `certificates.py` |
| from an answer to what is shown | `showing.py`; the further questions it takes `asking.py`; signatures `proving.py` |
| the path, page or JSON | `lazy.py`, which imports `landing.py` for the first reader |
"""
