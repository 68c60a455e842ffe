"""An Experiment's status as Katib v0.19.0 writes it: zero counts left out, every value a string."""

import threading
from contextlib import contextmanager

CREATED = {
    "type": "Created",
    "status": "True",
    "reason": "ExperimentCreated",
    "message": "Experiment is created",
}


def condition(kind, reason, message="", status="True"):
    return {"type": kind, "status": status, "reason": reason, "message": message}


CREATED = condition("Created", "ExperimentCreated", "Experiment is created")
RUNNING = condition("Running", "ExperimentRunning", "Experiment is running")
ENDED = condition("Running", "ExperimentRunning", "Experiment is running", "False")


def optimal(trial, assignments, low, high, latest):
    return {
        "bestTrialName": trial,
        "parameterAssignments": [{"name": name, "value": value} for name, value in assignments.items()],
        "observation": {"metrics": [{"name": "score", "min": low, "max": high, "latest": latest}]},
    }


BEST = optimal("sweep-8xk2p9qd", {"x": "0.30000000000000004", "n": "3"}, "0.5", "0.97", "0.9")
DONE = condition(
    "Succeeded", "ExperimentMaxTrialsReached", "Experiment has succeeded because max trial count has reached"
)
STATES = (
    {"conditions": [CREATED]},
    {"conditions": [CREATED, RUNNING], "trials": 2, "trialsRunning": 2},
    {"conditions": [CREATED, RUNNING], "trials": 3, "trialsRunning": 2, "trialsSucceeded": 1,
     "currentOptimalTrial": optimal("sweep-aaaaaaaa", {"x": "0.1", "n": "3"}, "0.5", "0.6", "0.6")},
    {"conditions": [CREATED, ENDED, DONE], "trials": 8, "trialsSucceeded": 7, "trialsFailed": 1,
     "currentOptimalTrial": BEST},
)  # fmt: skip
MANY = "max failed count has reached"
MANY = "Experiment has failed because max failed count has reached"
FAILED = (
    *STATES[:2],
    {
        "conditions": [
            CREATED,
            ENDED,
            condition("Failed", "ExperimentFailed", MANY),
        ],
        "trials": 3,
        "trialsFailed": 3,
    },
)


@contextmanager
def playing(server, states=STATES, pause=0.05, name="sweep"):
    """The controller's part, in a thread: from the moment that the Experiment is there."""

    over = threading.Event()

    def play():
        while not server.find("experiments"):
            if over.wait(0.01):
                return
        for state in states:
            with server.lock:
                body = next(each for each in server.find("experiments") if each["metadata"]["name"] == name)
                server.put("experiments", {**body, "status": state})
            if over.wait(pause):
                return

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
