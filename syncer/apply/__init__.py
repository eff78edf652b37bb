"""Execute a plan: claim, prepare, init, upload, map, permit, start, poll, record."""
