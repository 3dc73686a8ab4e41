"""Everything of GS1 below the network: application identifiers, keys, and the forms they are written in.

`application_identifiers` is the table, `elements` judges values and their companions, `keys` says what is identified;
`element_string`, `digital_link`, `compression`, `epc_urn` and `epc_binary` each read and write one form.
"""
