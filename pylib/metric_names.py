"""The names of metrics as people read them: in logs, reports, on the page and in the message of a release."""

_ACRONYMS = {"iou": "IoU", "f1": "F1", "roc": "ROC", "auc": "AUC"}
_ATTACKS = {"fgsm": "FGSM", "pgd": "PGD"}
_BOUNDS = {".lower": "lower bound", ".upper": "upper bound"}
_WHOLE = {
    "slices": "score of the worst slice",
    "served.difference": "score less that of the served model",
    "robustness.corruptions": "mean score under all corruptions",
    "parity.same_class_share": "same class in export and trained model, share",
    "parity.max_probability_difference": "largest difference of a probability, export to trained model",
}


def title(metric: str) -> str:
    """`mean IoU` of `mean_iou`."""
    return " ".join(_ACRONYMS.get(word, word) for word in metric.split("_"))


def scored(score: str) -> str:
    """`mean IoU 0.914` of `mean_iou 0.914`."""
    metric, _, value = score.partition(" ")
    return f"{title(metric)} {value}".rstrip()


def described(metric: str) -> str:
    """A gate's metric in words: `IoU of the worst class, lower bound` of `per_class.iou.lower`."""
    for end, bound in _BOUNDS.items():
        if metric.endswith(end):
            return f"{described(metric.removesuffix(end))}, {bound}"
    group, _, rest = metric.partition(".")
    if metric in _WHOLE:
        return _WHOLE[metric]
    if group == "per_class":
        name, _, figure = rest.rpartition(".")
        return f"{title(figure)} of {name or 'the worst class'}"
    if group == "slices":
        column, _, value = rest.partition(".")
        return f"score where {column} is {value}" if value else f"worst score by {column}"
    return _changed(rest) if group == "robustness" else title(metric)


def _changed(what: str) -> str:
    """Of images that were changed: by what, and how much."""
    kind, _, strength = what.partition(".")
    if kind == "flip":
        return f"decisions that stay in a {strength} flip, share"
    if kind in _ATTACKS:
        return f"score under {_ATTACKS[kind]}, {strength} of 255 a pixel"
    return f"score under {kind} of strength {strength}" if strength else f"mean score under {kind}"
