"""Going on with a trained decoder under another vocabulary: its blocks as they are, its embeddings by spelling."""

from __future__ import annotations

from dataclasses import replace

import torch
from tokenizers import Tokenizer

from models_service.training.small.decoder import Decoder

#: Noise on an embedding averaged from pieces, against its scale: two words of the same pieces must differ.
_NOISE = 0.3


def transplant(model: Decoder, old: Tokenizer, new: Tokenizer) -> Decoder:
    """The same network over `new`'s tokens. A token that `old` knew keeps its embedding.

    Any other starts from the mean of the pieces that `old` would have written it with, and some noise.
    """
    other = Decoder(replace(model.shape, vocabulary=new.get_vocab_size()))
    weights = model.state_dict()
    known = weights["embedding.weight"]
    names = old.get_vocab()
    embedding = torch.empty(new.get_vocab_size(), known.shape[1])
    generator = torch.Generator().manual_seed(1)
    for token, place in new.get_vocab().items():
        if token in names:
            embedding[place] = known[names[token]]
            continue
        pieces = old.encode(new.decoder.decode([token])).ids
        noise = torch.randn(known.shape[1], generator=generator) * known.std() * _NOISE
        embedding[place] = known[pieces].mean(0) + noise
    other.load_state_dict(weights | {"embedding.weight": embedding})
    return other
