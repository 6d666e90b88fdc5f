"""Numbers only: arrays or an effects table in, frozen records out. Nothing here knows a file, a plot or a disease."""
