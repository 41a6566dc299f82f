"""Where people and containers come in: settings, wiring, command line, server, demo."""
