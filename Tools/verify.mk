# Records of the twin, recomputed by a program of its own. NumPy lives in an environment of its own too, so that neither
# the register compiler nor the system's Python has to change.
PYTHON      ?= python3
VERIFY_VENV := .build-verify
NUMPY       := $(VERIFY_VENV)/numpy.stamp

# Runs of the twin: a one-way block, one of advantage distillation, and one with wave plates.
VERIFY_RUNS := "--scenario bench --seconds 0.6 --seed 3"
VERIFY_RUNS += "--scenario lab --seconds 3 --policy 9.5 --channel depolarisation=0.18 --channel transmission=0.2 --set block_bits=2097152"
VERIFY_RUNS += "--scenario bench --seconds 3 --variant perBlock"

.PHONY: verify

$(NUMPY): Tools/verify-requirements.txt | packages
	@test -x $(VERIFY_VENV)/bin/python || $(PYTHON) -m venv $(VERIFY_VENV)
	@$(VERIFY_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

verify: twin $(NUMPY) ## Recompute the twin's records, from the events to the final key, by a second program
	@$(VERIFY_VENV)/bin/python -m unittest discover --quiet --start-directory Tools/tests --pattern 'test_verify_*.py'
	@for run in $(VERIFY_RUNS); do Tools/verify.sh $(VERIFY_VENV)/bin/python $(TWIN) $$run; done
