"""Sets of distorted photos on disk, and sheets of them.

`generation` makes a set of a folder's photos, a `version` at a time, into one of the
`stores`; `ranked_set` says how a set is laid out and reads it; `contact_sheet` draws.
"""
