#!/usr/bin/env python3
"""Binned means with clustered intervals; `python3 make_calibration_curve.py > calibration_curve.json`.

The bins are cut by pandas (`qcut` on 60 rows without ties, six bins of ten); each bin's mean label and
interval are statsmodels' OLS of a constant with cov_type="cluster" and Student's t.
"""
import json

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm

rng = np.random.default_rng(20)
clusters = rng.integers(0, 25, 60)
gold = np.round(np.clip(4 + rng.normal(0, 1, 25)[clusters] + rng.normal(0, 1, 60), 1, 7), 3)
predictions = np.round(4 + 0.4 * (gold - 4) + rng.normal(0, 0.7, 60), 4)
assert len(set(predictions)) == 60
frame = pd.DataFrame({"cluster": clusters, "gold": gold, "prediction": predictions})
bins = []
for _, rows in frame.groupby(pd.qcut(frame.prediction, 6, labels=False)):
    groups = rows.cluster.to_numpy()
    fit = sm.OLS(rows.gold.to_numpy(), np.ones(len(rows))).fit(
        cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    low, high = fit.conf_int(0.05)[0]
    bins.append({"rows": len(rows), "clusters": len(set(groups)),
                 "prediction": rows.prediction.mean(), "label": fit.params[0],
                 "low": low, "high": high})
print(json.dumps({
    "source": f"statsmodels {statsmodels.__version__}, pandas {pd.__version__}, seed 20",
    "gold": gold.tolist(), "clusters": clusters.tolist(), "predictions": predictions.tolist(),
    "bins": bins}, indent=1))
