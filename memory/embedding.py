"""
Turns a situation into numbers by hashing its words, with no model and no download.

chromadb's own default fetches a network model on first use; this one is the same on every
machine and for ever. It compares wording, not meaning: enough for situations that code
writes in one fixed manner. Imports chromadb, so import it only when the store is opened.

Source: Weinberger et al. 2009, Feature Hashing for Large Scale Multitask Learning (signed
hashing trick).
"""

from hashlib import blake2b
from typing import Any

import numpy as np
from chromadb.api.types import Documents, EmbeddingFunction, Embeddings
from chromadb.utils.embedding_functions import register_embedding_function
from numpy.typing import NDArray

from memory.features import features

DIMENSIONS = 512


def embed(text: str) -> NDArray[np.float32]:
    """A unit vector of signed feature counts; a text without features has a place of its own."""
    vector = np.zeros(DIMENSIONS, dtype=np.float32)
    for feature in features(text) or [""]:
        digest = int.from_bytes(blake2b(feature.encode(), digest_size=8).digest(), "big")
        vector[digest % DIMENSIONS] += 1.0 if digest >> 63 else -1.0
    length = float(np.linalg.norm(vector))
    if length == 0.0:  # every feature met its opposite in one bucket
        vector[0] = length = 1.0
    return vector / np.float32(length)


@register_embedding_function
class HashedWords(EmbeddingFunction[Documents]):
    """chromadb's view of `embed`; registered by name so that a reopened store finds it."""

    def __init__(self, dimensions: int = DIMENSIONS) -> None:
        if dimensions != DIMENSIONS:
            raise ValueError(f"the store has {dimensions} dimensions, this desk {DIMENSIONS}")

    def __call__(self, input: Documents) -> Embeddings:
        return [embed(text) for text in input]

    @staticmethod
    def name() -> str:
        return "vetodesk_hashed_words"

    @staticmethod
    def build_from_config(config: dict[str, Any]) -> "HashedWords":
        return HashedWords(int(config["dimensions"]))

    def get_config(self) -> dict[str, Any]:
        return {"dimensions": DIMENSIONS}

    def default_space(self) -> Any:
        return "cosine"

    def supported_spaces(self) -> Any:
        return ["cosine"]
