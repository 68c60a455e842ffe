"""A model for Seldon's own server as its documentation writes one: numbers in, numbers out."""

import os

import numpy as np
import onnxruntime


class Wrapped:
    def load(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"], options)
        self.side = int(self.session.get_modelmeta().custom_metadata_map["image_size"])
        self.input = self.session.get_inputs()[0].name

    def predict(self, X, names, meta=None):
        # The image comes at the model's own size, so that nothing is resized.
        return self.session.run(None, {self.input: np.asarray(X, np.uint8)[np.newaxis]})[0]
