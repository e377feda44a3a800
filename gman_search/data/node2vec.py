"""node2vec (Grover & Leskovec, KDD 2016): walks over the graph, and vectors that predict a walk's neighbours.

Settings are those of GMAN's script: p = 2, q = 1, 100 walks of 80 sensors from each, windows of 10; only that it makes
1000 passes, and this 10. The walks are made here, the vectors by gensim's skip-gram (extra `embed`).
"""

import hashlib
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gman_search.errors import UsageError
from gman_search.io.atomic import atomic_path

__all__ = ["node2vec_embedding", "walks"]

RETURN, INOUT = 2.0, 1.0
"""p and q of the paper."""
WALKS, LENGTH = 100, 80
WINDOW, PASSES = 10, 10


def node2vec_embedding(
    adjacency: np.ndarray,
    size: int,
    *,
    seed: int = 0,
    cache: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> np.ndarray:
    """(N, size) float32, seeded and made by one thread: equal wherever gensim computes alike.

    Args:
        adjacency: (N, N) weights; the diagonal does not count, and a sensor without neighbours stays where it is.
        size: width of the embedding.
        seed: of walks and vectors.
        cache: folder of embeddings made before, by content; default: `gman-search` in the user's cache.
        say: told how far it is; default: stderr.

    Raises:
        UsageError: gensim is not installed.
    """
    key = hashlib.sha256(np.ascontiguousarray(adjacency, dtype=np.float32).tobytes())
    key.update(repr((adjacency.shape, size, seed, RETURN, INOUT, WALKS, LENGTH, WINDOW, PASSES)).encode())
    file = (cache or _user_cache()) / f"node2vec-{key.hexdigest()[:32]}.npy"
    kept = _read(file, (len(adjacency), size))
    if kept is not None:
        return kept
    vectors = _trained(adjacency, size, seed, say or _to_stderr)
    _write(file, vectors)
    return vectors


def walks(adjacency: np.ndarray, random: np.random.Generator, *, say: Callable[[str], None]) -> np.ndarray:
    """Biased walks (WALKS * N, LENGTH) int32; -1 after the end of a walk that can go nowhere.

    All N walks of a round go at once. The next sensor x after (before, here) is drawn with the weight of (here, x),
    divided by p where x is `before` and by q where x is no neighbour of `before`. Only neighbours are looked at: of
    2,000 sensors most have a dozen.
    """
    weights = np.array(adjacency, dtype=np.float64)
    np.fill_diagonal(weights, 0.0)
    joined = weights > 0
    sensors = len(weights)
    near = _neighbours(joined)
    weights_near = np.take_along_axis(weights, near, axis=1) * (np.arange(near.shape[1]) < joined.sum(axis=1)[:, None])
    rounds = []
    for number in range(WALKS):
        here = random.permutation(sensors)
        path = np.full((sensors, LENGTH), -1, dtype=np.int32)
        path[:, 0] = here
        before = np.full(sensors, -1)
        for step in range(1, LENGTH):
            odds, candidates = weights_near[here], near[here]
            if step > 1:
                known = joined[before[:, None], candidates]
                returning = candidates == before[:, None]
                odds = np.where(returning, odds / RETURN, odds * np.where(known, 1.0, 1.0 / INOUT))
            total = odds.cumsum(axis=1)
            alive = (total[:, -1] > 0) & (path[:, step - 1] >= 0)
            place = (total > random.random(sensors)[:, None] * total[:, -1:]).argmax(axis=1)
            chosen = candidates[np.arange(sensors), place]
            path[alive, step] = chosen[alive]
            before, here = here, np.where(alive, chosen, here)
        rounds.append(path)
        if (number + 1) % 20 == 0:
            say(f"node2vec: {number + 1} of {WALKS} walks from each of {sensors} sensors")
    return np.concatenate(rounds)


def _neighbours(joined: np.ndarray) -> np.ndarray:
    """Neighbours (N, most) of each sensor by number, of (N, N) marks; then sensors that are none."""
    most = max(1, int(joined.sum(axis=1).max(initial=0)))
    return np.argsort(~joined, axis=1, kind="stable")[:, :most]


def _trained(adjacency: np.ndarray, size: int, seed: int, say: Callable[[str], None]) -> np.ndarray:
    try:
        from gensim.models import Word2Vec
        from gensim.models.callbacks import CallbackAny2Vec
    except ImportError:
        raise UsageError(
            'node2vec needs gensim: pip install "gman-search[embed]", or set embedding_method = "spectral"'
        ) from None

    class Passes(CallbackAny2Vec):
        done = 0

        def on_epoch_end(self, model: object) -> None:
            self.done += 1
            say(f"node2vec: pass {self.done} of {PASSES}")

    paths = walks(adjacency, np.random.default_rng(seed), say=say)
    names = [str(sensor) for sensor in range(len(adjacency))]  # one object each, not one for every step of a walk
    sentences = [[names[sensor] for sensor in path.tolist() if sensor >= 0] for path in paths]
    model = Word2Vec(
        sentences, vector_size=size, window=WINDOW, min_count=0, sg=1, epochs=PASSES, seed=seed, workers=1,
        callbacks=[Passes()],
    )  # fmt: skip
    return np.stack([model.wv[str(sensor)] for sensor in range(len(adjacency))]).astype(np.float32)


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gman-search"


def _read(file: Path, shape: tuple[int, int]) -> np.ndarray | None:
    try:
        vectors: np.ndarray = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    return vectors if vectors.shape == shape and np.isfinite(vectors).all() else None


def _write(file: Path, vectors: np.ndarray) -> None:
    # Atomic: another process may read meanwhile. A cache that cannot be written is no error.
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(file) as partial, partial.open("wb") as stream:
            np.save(stream, vectors)
    except OSError:
        return


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
