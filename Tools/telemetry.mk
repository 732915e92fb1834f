# The helper that passes telemetry on to Prometheus, MQTT, NMEA-0183 and MAVLink, tested with those programs and
# libraries themselves, on the loopback. They live in an environment of their own; the broker is a Debian package.
TELEMETRY_VENV   := .build-telemetry
TELEMETRY_PYTHON := $(TELEMETRY_VENV)/bin/python
TELEMETRY_STAMP  := $(TELEMETRY_VENV)/telemetry.stamp

.PHONY: telemetry-test telemetry-packages

telemetry-packages:
	@Tools/setup.sh telemetry

$(TELEMETRY_STAMP): Tools/telemetry/requirements.txt | telemetry-packages
	@test -x $(TELEMETRY_PYTHON) || python3 -m venv $(TELEMETRY_VENV)
	@$(TELEMETRY_PYTHON) -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

telemetry-test: telemetry-packages $(TELEMETRY_STAMP) ## The telemetry helper with a broker, scrapes, MAVLink, NMEA and pseudo-terminals
	@$(TELEMETRY_PYTHON) Tools/telemetry/tests/run.py
