"""What is counted: from many threads, and to the last one."""

from concurrent.futures import ThreadPoolExecutor

from pylib.serving.metrics import BUCKETS, Metrics, _sum


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


def test_what_processes_counted_is_added_up() -> None:
    both = [Metrics(), Metrics()]
    for metrics in both:
        for label in ("a", "b"):
            metrics.answer([("model_label", {"class": label}, 1.0)], 0.01)
        metrics.request(404)
        metrics.sources["model_log_dropped"] = lambda: 3
    total = _sum(each.counted() for each in both)
    assert total.counters["model_label", (("class", "b"), ("method", "predict"))] == 2
    assert total.counters["model_requests", (("code", "404"),)] == 2
    assert total.counters["model_log_dropped", ()] == 6
    assert (sum(total.buckets), round(total.seconds, 9)) == (4, 0.04)


def test_buckets_are_seldons() -> None:
    assert len(BUCKETS) == 50
    assert (round(BUCKETS[0], 9), round(BUCKETS[-1], 9)) == (0.001, 30)
    assert sorted(BUCKETS) == BUCKETS
