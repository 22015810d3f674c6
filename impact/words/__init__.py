"""The parts of the wording: numbers, sentences, grounds; impact.wording is the interface of the pages."""
