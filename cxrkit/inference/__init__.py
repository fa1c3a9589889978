"""Trained networks asked about films, by torch or by onnxruntime; and a run exported so that torch is not needed."""
