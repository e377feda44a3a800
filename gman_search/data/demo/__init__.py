"""The bundled demo network: five simulated weeks of a small town's traffic, and how they were made."""
