"""The names of metrics as people read them: in logs, reports and the message of a release."""

_ACRONYMS = {"iou": "IoU", "f1": "F1", "roc": "ROC", "auc": "AUC"}


def title(metric: str) -> str:
    """`mean IoU` of `mean_iou`."""
    return " ".join(_ACRONYMS.get(word, word) for word in metric.split("_"))
