# Whole links through the twin at rising error rates and rolls, held against a prediction. Only the plots need a package,
# which lives in an environment of its own.
PLOT_VENV := .build-plots
PLOTS     := $(PLOT_VENV)/plots.stamp
# For example TOLERANCE="--only perPulse-2 roll-33".
TOLERANCE ?=

.PHONY: tolerance tolerance-short

$(PLOTS): Tools/tolerance-requirements.txt | packages
	@test -x $(PLOT_VENV)/bin/python || python3 -m venv $(PLOT_VENV)
	@$(PLOT_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

tolerance: twin $(PLOTS) ## Key from 2 % to 22 % QBER and at 0 to 45 degrees of roll, measured and predicted
	@$(PLOT_VENV)/bin/python Tools/tolerance.py --twin $(TWIN) $(TOLERANCE)

tolerance-short: twin python ## One run at 20.7 % QBER: equal keys, as long as predicted
	@python3 Tools/tolerance.py --twin $(TWIN) --short
