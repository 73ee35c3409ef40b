def interpolated_pr_area(
    tp: np.ndarray,
    fp: np.ndarray,
    fn: np.ndarray,
    tn: np.ndarray,
    weights: list[float] | None = None,
) -> float:
    """Return the area under the precision-recall curve, with counts interpolated."""
    positive = tp + fp
    gained = tp[:, :-1] - tp[:, 1:]
    slope = ratio(gained, np.maximum(positive[:, :-1] - positive[:, 1:], 0))
    intercept = tp[:, 1:] - slope * positive[:, 1:]
    growth = ratio(positive[:, :-1], positive[:, 1:])
    growth[growth == 0] = 1
    area = slope * (gained + intercept * np.log(growth))
    areas = ratio(area, tp[:, 1:] + fn[:, 1:]).sum(-1)
    return float(np.average(areas, weights=weights))
