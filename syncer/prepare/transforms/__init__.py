"""What a spec may ask to be done to a column's values: `clean`, `timezone` and `mask`. A closed set.

Each step exists twice, in Python (`text`) for the readers that go value by value and in SQL (`sql`) for the engine, and
both give the same text for every text there is. A null is never touched.
"""
