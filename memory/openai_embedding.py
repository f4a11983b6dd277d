"""
Compares situations with OpenAI's embeddings, through langchain-openai, when settings ask for it.

The situation is made of code's own figures and words, so nothing private or foreign is sent.
Imports chromadb and langchain-openai: import it only when a store is opened.
"""

from typing import Any

import numpy as np
from chromadb.api.types import Documents, EmbeddingFunction, Embeddings
from chromadb.utils.embedding_functions import register_embedding_function


@register_embedding_function
class OpenAIWords(EmbeddingFunction[Documents]):
    """chromadb's view of a model of OpenAI; the key is taken from OPENAI_API_KEY, never stored."""

    def __init__(self, model: str, base_url: str | None = None) -> None:
        self._model, self._base_url = model, base_url

    def __call__(self, input: Documents) -> Embeddings:
        """One vector for each text; raises ValueError without words of the answer."""
        from langchain_openai import OpenAIEmbeddings
        from openai import OpenAIError

        try:
            asked = OpenAIEmbeddings(
                model=self._model,
                openai_api_base=self._base_url,
                check_embedding_ctx_length=False,
                request_timeout=20,
                max_retries=1,
            )
            answer = asked.embed_documents(list(input))
        except OpenAIError as failure:
            raise ValueError(
                f"the embedding model did not answer: {type(failure).__name__}"
            ) from None
        return [np.asarray(vector, dtype=np.float32) for vector in answer]

    @staticmethod
    def name() -> str:
        return "vetodesk_openai_words"

    @staticmethod
    def build_from_config(config: dict[str, Any]) -> "OpenAIWords":
        return OpenAIWords(str(config["model"]))

    def get_config(self) -> dict[str, Any]:
        return {"model": self._model}

    def default_space(self) -> Any:
        return "cosine"

    def supported_spaces(self) -> Any:
        return ["cosine"]
