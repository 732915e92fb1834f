# The console's machine mode through VISA, as a laboratory uses it. PyVISA lives in an environment of its own.
PYTHON    ?= python3
VISA_VENV := .build-visa
PYVISA    := $(VISA_VENV)/pyvisa.stamp

.PHONY: visa-test

$(PYVISA): Tests/ScpiVisa/requirements.txt | packages
	@test -x $(VISA_VENV)/bin/python || $(PYTHON) -m venv $(VISA_VENV)
	@$(VISA_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

visa-test: twin $(PYVISA) ## Drive two modules by SCPI through PyVISA
	@swift build -c release $(PROGRAMS) --product gimbal >&2
	@$(VISA_VENV)/bin/python Tests/ScpiVisa/visa_test.py
