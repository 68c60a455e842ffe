"""What is counted: from many threads, and to the last one."""

from concurrent.futures import ThreadPoolExecutor

from pylib.serving.metrics import BUCKETS, Metrics


def test_threads_lose_no_answer() -> None:
    metrics = Metrics()
    counters = [("model_predictions", {}, 1.0), ("model_label", {"class": "a"}, 1.0)]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(2000):
            pool.submit(metrics.answer, counters, 0.01)
    predict = ("method", "predict")
    assert metrics._counters == {
        ("model_predictions", (predict,)): 2000,
        ("model_label", (("class", "a"), predict)): 2000,
    }
    assert sum(metrics._buckets) == 2000
    metrics.reward(0)
    metrics.reward(0.5)
    assert metrics._counters["seldon_api_model_feedback_reward", (("method", "feedback"),)] == 0.5
    assert metrics._counters["seldon_api_model_feedback", (("method", "feedback"),)] == 1


def test_buckets_are_seldons() -> None:
    assert len(BUCKETS) == 50
    assert (round(BUCKETS[0], 9), round(BUCKETS[-1], 9)) == (0.001, 30)
    assert sorted(BUCKETS) == BUCKETS
