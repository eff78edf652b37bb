"""The client of the Import Jobs API: `client.connect` makes one, `models` holds what it takes and gives."""
