"""An invented organisation with known effects of its changes, served as Request Tracker would serve a real one."""
