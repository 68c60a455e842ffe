"""Open Inference Protocol v2, as Triton, KServe and MLServer speak it, over REST and gRPC."""
