"""Turn an artifact's rows into records: JSON objects by destination field, in batches for the records API.

What an import job would make of a row is what must become of its record. So a CSV cell is written as JSON of the type
that its field has, where it is a text of that type, and stays text where it is not, for the API to refuse; an empty
cell, and a key that a JSON row lacks, is null. JSON values stay the bytes that they were. A row that no record can
stand for (it is broken, or its Parquet column has a type that the field does not take) is refused here, in the API's
words for the same row of an import job.
"""
