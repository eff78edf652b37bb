"""Object stores: one module a cloud, behind one contract (`base.ObjectStore`).

`opening.open_store` opens one bucket or container with a connection's settings and the cloud's own credentials.
"""
