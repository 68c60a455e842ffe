"""TensorFlow Serving's protocol: REST `:predict`, and gRPC PredictionService."""
