"""The parts of the estimator, arrays only; impact.estimate is the interface everybody else uses."""
