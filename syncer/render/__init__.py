"""Plans, outcomes, standings and histories as text, JSON and Markdown. Nothing here decides or prints anything."""
