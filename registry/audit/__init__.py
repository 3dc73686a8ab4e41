"""The audit trail: each administrative act with who, when, from where, and what was there before and after."""
