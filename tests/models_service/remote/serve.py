"""Serve a GGUF file until killed: `python serve.py MODEL.gguf PORT` (xllamacpp: llama.cpp's own server, in wheels)."""

from __future__ import annotations

import signal
import sys

import xllamacpp


def main(model: str, port: int) -> None:
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {"tiny"}
    params.hostnames, params.port = ["127.0.0.1"], port
    params.n_ctx = 512
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.warmup = False
    _server = xllamacpp.Server(params)  # it serves as long as it is kept
    signal.pause()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
