"""The parts of the store; impact.store is the interface everybody else uses."""
