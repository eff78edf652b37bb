"""The world of YAML: specs and `syncer.yaml` are read, checked and located here."""
