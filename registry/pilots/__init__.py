"""The four pilot industries: object schemas, templates and sample data."""
