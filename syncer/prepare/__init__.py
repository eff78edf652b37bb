"""From a source file to the artifact: the bytes that are uploaded, in which only mapped columns are left.

`prepare.prepare` makes an artifact, `decide.decide` says whether anything has to be made, `rows.count_rows` counts
rows as the API does. One module a format; whatever a format's fast engine would pad, drop, rename or refuse goes
through an exact reader instead.
"""
