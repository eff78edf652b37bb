"""Source files: which exist, what tells their versions apart, and how their bytes are read.

`listing.find` finds, `fingerprints.FingerprintCache` remembers hashes between runs, `pins.pinned` guards a read.
Nothing here looks into a file: rows are the business of `prepare`.
"""
