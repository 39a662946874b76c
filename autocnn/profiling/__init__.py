"""Where the time goes: every kernel that runs, by op and by module, as a table, as JSON, as a Chrome trace."""

from autocnn.profiling.record import Profile, Row, profile

__all__ = ["Profile", "Row", "profile"]
