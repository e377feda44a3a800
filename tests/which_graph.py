"""A small graph of each layout in the tables of docs/own-data.md, and the adjacency that must be read of it."""

import io
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse

from tests.which_file import Made, S, array, long, text

__all__ = ["GRAPHS", "META"]

PLACES = {"s0": (34.15, -118.31), "s1": (34.16, -118.32), "s2": (34.18, -118.33), "s3": (34.21, -118.34)}


def linked(values: tuple[float, ...], *, own: float, both: bool = False) -> np.ndarray:
    """Adjacency of the chain s0, s1, s2, s3."""
    matrix = np.diag(values, 1)
    return matrix + both * matrix.T + own * np.eye(4)


def near(values: tuple[float, ...]) -> tuple[float, ...]:
    """Weights of a list of neighbours: 0.1 of the farthest."""
    return tuple(0.1 ** ((value / max(values)) ** 2) for value in values)


def kernel(distances: np.ndarray) -> np.ndarray:
    """DCRNN's weights of all pairs."""
    between = distances[~np.eye(4, dtype=bool)]
    weights = np.exp(-((distances / between.std()) ** 2))
    return np.where(weights < 0.1, 0, weights)


def globe() -> np.ndarray:
    latitude, longitude = np.radians(list(PLACES.values())).T
    cosine = np.sin(latitude)[:, None] * np.sin(latitude) + np.cos(latitude)[:, None] * np.cos(latitude) * np.cos(
        longitude[:, None] - longitude
    )
    return np.arccos(np.clip(cosine, -1, 1))


def chain(form: str, values: tuple[float, ...], header: str = "") -> str:
    return header + "".join(
        form.format(a=f"s{index}", b=f"s{index + 1}", i=index, j=index + 1, value=value) + "\n"
        for index, value in enumerate(values)
    )


def placed(form: str, header: str = "") -> str:
    return header + "".join(
        form.format(name=name, lat=lat, lon=lon, mile=mile) + "\n"
        for (name, (lat, lon)), mile in zip(PLACES.items(), (1, 1.5, 2.5, 4), strict=True)
    )


def cells(matrix: np.ndarray, names: list[str] | None = None, **how: Any) -> str:
    frame = pd.DataFrame(matrix, names, names)
    return str(frame.to_csv(**{"index": names is not None, "header": names is not None, "float_format": "%g", **how}))


FAR, WEIGHTS = (900, 901, 902), (0.5, 0.25, 0.75)
DISTANCES, ONE_WAY = linked(near(FAR), own=1), linked(WEIGHTS, own=0)
W = linked(WEIGHTS, own=1, both=True)
MILES = np.abs(np.subtract.outer(*[np.array([0, 900, 1801, 2703])] * 2))
TURN = [2, 0, 3, 1]
OTHER = (cells(W[np.ix_(TURN, TURN)], [S[index] for index in TURN]),
         cells(W[np.ix_(TURN, TURN)], [S[index] for index in TURN], index=False))  # fmt: skip
BUFFER = io.BytesIO()
scipy.sparse.save_npz(BUFFER, scipy.sparse.csr_matrix(W))
MARKET = "%%MatrixMarket matrix coordinate real general\n4 4 10\n" + "".join(
    f"{row + 1} {column + 1} {W[row, column]}\n" for row, column in zip(*np.nonzero(W), strict=True)
)
META = "ID Fwy Dir District County City State_PM Abs_PM Latitude Longitude Length Type Lanes Name\n".replace(" ", "\t")
EMBEDDING = np.random.default_rng(1).normal(size=(4, 64)).round(4)
LOCATED = long(longitude={name: place[1] for name, place in PLACES.items()},
               latitude={name: place[0] for name, place in PLACES.items()})  # fmt: skip
GLOBE = Made("", adjacency=0.1 ** (globe() / globe().max()) ** 2)  # each is among the nearest of the others


def of(content: Any, adjacency: np.ndarray, name: str = "") -> Made:
    return Made(content, adjacency=adjacency, name=name)


GRAPHS: dict[str, list[Made]] = {
    "distances.csv": [
        of(chain("{a},{b},{value}", FAR, "from,to,cost\n"), DISTANCES),
        of(chain("{a};{b};{value}", FAR, "source;target;distance\n"), DISTANCES),
        of(chain("{value},{a},{b}", FAR, "cost,from,to\n"), DISTANCES),
    ],
    "links.csv": [of(chain("{a},{b},{value}", FAR), DISTANCES)],
    "weights.csv": [of(chain("{a},{b},{value}", WEIGHTS, "from,to,weight\n"), ONE_WAY)],
    "adj.txt": [of(chain("{i} {j} {value}", WEIGHTS), ONE_WAY)],
    "pairs.csv": [of(chain("{a},{b}", FAR, "from,to\n"), linked((1, 1, 1), own=0))],
    "square.csv": [of(cells(W), W)],
    "named.csv": [of(cells(W, S), W), *(of(content, W) for content in OTHER)],
    "miles.csv": [of(cells(MILES), kernel(MILES))],
    "unsure.txt": [of(chain("{a} {b} {value}", (2.5, 5, 4)), linked(near((2.5, 5, 4)), own=1))],
    "places.csv": [replace(GLOBE, content=placed("{name},{lat},{lon}", "sensor,latitude,longitude\n"))],
    "points.csv": [replace(GLOBE, content=placed(form)) for form in ("{name},{lat},{lon}", "{name},{lon},{lat}")],
    "detectors_public.csv": [replace(GLOBE, content=placed(
        "{name},0.1,0.05,primary,Main,50,x,1,7,{lon},{lat}", "detid,length,pos,fclass,road,limit,citycode,lanes,linkid,long,lat\n"))],
    "d04_text_meta.txt": [of(
        placed("{name}\t101\tN\t4\t1\t\t.1\t{mile}\t{lat}\t{lon}\t.4\tML\t3\tMAIN ST", META),
        linked(near((0.5, 1, 1.5)), own=1, both=True))],
    "METR_LA.geo": [replace(GLOBE, content=placed('{name},Point,"[{lon}, {lat}]"', "geo_id,type,coordinates\n"))],
    "METR_LA.rel": [of(
        chain("{i},geo,{a},{b},{value}", FAR, "rel_id,type,origin_id,destination_id,cost\n"), DISTANCES)],
    "adj.npy": [of(array(W), W), of(lambda path: np.savez(path, adj=W), W, "adj.npz"),
                of(BUFFER.getvalue(), W, "sparse.npz"), of(MARKET, W, "adj.mtx")],
    "adj_mx.pkl": [of(pickle.dumps([[S[index] for index in TURN], {}, W[np.ix_(TURN, TURN)]]), W)],
    "located.csv": [replace(GLOBE, content=text(LOCATED[["time", "sensor", "latitude", "longitude", "speed"]], index=False))],
    "SE.txt": [Made(
        "4 64\n" + "".join(f"{row} {' '.join(map(str, vector))}\n" for row, vector in enumerate(EMBEDDING)),
        embedding=EMBEDDING)],
}  # fmt: skip
