"""Sets of distorted photos on disk, and contact sheets.

`generation` makes a set from a folder of photos, one `version` at a time, in one of the
`stores`; `ranked_set` defines the layout of a set and reads it; `contact_sheet` draws.
"""
