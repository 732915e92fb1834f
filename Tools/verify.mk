# Records of the twin, recomputed by a program of its own. NumPy lives in an environment of its own too, so that neither
# the register compiler nor the system's Python has to change.
PYTHON      ?= python3
VERIFY_VENV := .build-verify
NUMPY       := $(VERIFY_VENV)/numpy.stamp

# Runs of the twin, one a line: a one-way block of the default run's kind.
VERIFY_RUNS := "--scenario bench --seconds 0.6 --seed 3"

.PHONY: verify

$(NUMPY): Tools/verify-requirements.txt | packages
	@test -x $(VERIFY_VENV)/bin/python || $(PYTHON) -m venv $(VERIFY_VENV)
	@$(VERIFY_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

verify: twin $(NUMPY) ## Recompute the twin's records, from the events to the final key, by a second program
	@$(VERIFY_VENV)/bin/python -m unittest discover --quiet --start-directory Tools/tests --pattern 'test_verify_*.py'
	@for run in $(VERIFY_RUNS); do Tools/verify.sh $(VERIFY_VENV)/bin/python $(TWIN) $$run; done
