"""Moving records in and out in bulk: tables of rows, dumps, error sheets."""
