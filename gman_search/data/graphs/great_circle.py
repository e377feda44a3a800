"""Distances on the ground (pure)."""

import numpy as np

__all__ = ["great_circle"]

EARTH_RADIUS = 6371.0
"""km"""


def great_circle(places: np.ndarray) -> np.ndarray:
    """Distances (N, N) in km between places (N, 2) of latitude and longitude in degrees (haversine formula)."""
    latitude, longitude = np.radians(places).T
    across = np.sin((latitude[:, None] - latitude) / 2) ** 2
    along = np.cos(latitude[:, None]) * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    distances: np.ndarray = 2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(across + along, 0, 1)))
    return distances
