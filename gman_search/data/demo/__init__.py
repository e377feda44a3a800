"""The bundled demo: five weeks of simulated speeds on a freeway and a parallel arterial, and what made them."""
