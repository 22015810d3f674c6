"""The parts of a pass over the sources; impact.sync is the interface everybody else uses."""
