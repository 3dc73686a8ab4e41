"""Data carriers: identifiers as symbols on labels, and symbols read from pictures.

| you look for | open |
|---|---|
| which carriers there are, their sizes and bounds | `carrier.py` |
| what a symbol holds for an identifier; check digits | `content.py` |
| making a symbol and reading it back; the libraries | `symbol.py` |
| symbol and text on a label, in millimetres | `label.py`, `lettering.py` |
| labels as files | `svg.py`, `pdf.py`, `png.py`, chosen by `writing.py` |
| many labels on sheets | `rows.py` (a CSV file), `sheet.py` |
| symbols in pictures | `pictures.py` |
"""
