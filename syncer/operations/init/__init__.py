"""`syncer init`: begin a repository (`scaffold`), or a spec from a file (`infer`)."""
