"""The store's small pachd with pipelines, as pachd 2.12 has them: a repository first, a version an update."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from pachyderm_sdk.api import pfs, pps

from tests.store.standin import RPCS, RefusedError, Standin, handler

PIPELINES = {
    "InspectPipeline": ("unary_unary", pps.InspectPipelineRequest),
    "CreatePipelineV2": ("unary_unary", pps.CreatePipelineV2Request),
}


def repository(name):
    return pfs.Repo(name=name, type="user", project=pfs.Project(name="default"))


class PachydermServer(Standin):
    """`versions` are the specifications that a pipeline was given, the newest last."""

    def __init__(self):
        super().__init__()
        self.versions = {}
        self.starting = 0  # calls that find nobody there yet

    def inspect_pipeline(self, request):
        if self.starting:
            self.starting -= 1
            raise RefusedError(grpc.StatusCode.UNAVAILABLE, "connection refused")
        project, name = request.pipeline.project.name, request.pipeline.name
        if name not in self.versions:
            raise RefusedError(
                grpc.StatusCode.NOT_FOUND,
                "pipeline was not inspected: couldn't find up to date spec for pipeline "
                f'"{project}/{name}": repo {project}/{name}.spec not found\n'
                f'pipeline "{project}/{name}" not found',
            )
        versions = self.versions[name]
        return pps.PipelineInfo(pipeline=request.pipeline, version=len(versions), user_spec_json=versions[-1])

    def create_pipeline_v2(self, request):
        spec = json.loads(request.create_pipeline_request_json)
        name, repo = spec["pipeline"]["name"], spec["input"]["pfs"]["repo"]
        self.inspect_repo(pfs.InspectRepoRequest(repo=repository(repo)))
        if name in self.versions and not request.update:
            raise RefusedError(grpc.StatusCode.ALREADY_EXISTS, f'pipeline "default/{name}" already exists')
        self.versions.setdefault(name, []).append(request.create_pipeline_request_json)
        return pps.CreatePipelineV2Response(effective_create_pipeline_request_json="{}")


@contextmanager
def serving(place="127.0.0.1:0"):
    """A pachd and its address; on a free port of the loopback unless told where."""
    standin = PachydermServer()
    server = grpc.server(ThreadPoolExecutor(8))
    for service, rpcs in {**RPCS, "pps_v2.API": PIPELINES}.items():
        handlers = {name: handler(standin, name, *rpc) for name, rpc in rpcs.items()}
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, handlers)])
    port = server.add_insecure_port(place)
    server.start()
    try:
        yield standin, f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
