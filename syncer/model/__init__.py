"""Pure types, identity and the fold of the log. Nothing here touches a file, a socket or a clock."""
