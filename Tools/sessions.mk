# Sessions at the consoles of two modules: by hand, and replayed through pseudo terminals. pexpect lives in an
# environment of its own; picocom and socat are Debian packages.
SESSIONS_VENV   := .build-sessions
SESSIONS_PYTHON := $(SESSIONS_VENV)/bin/python
SESSIONS_STAMP  := $(SESSIONS_VENV)/sessions.stamp

.PHONY: demo demo-test sessions-test sessions-packages gimbal

gimbal:
	@$(call relink,$(HOST)); swift build -c release $(PROGRAMS) --product gimbal >&2

sessions-packages:
	@Tools/setup.sh sessions

$(SESSIONS_STAMP): Tests/Sessions/requirements.txt | sessions-packages
	@test -x $(SESSIONS_PYTHON) || python3 -m venv $(SESSIONS_VENV)
	@$(SESSIONS_PYTHON) -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

demo: twin gimbal python ## Two modules in real time, to sit at their consoles (DEMO=tmux opens both)
	@python3 Tools/demo.py $(if $(filter tmux,$(DEMO)),--tmux)

demo-test: twin gimbal $(SESSIONS_STAMP) ## The session of the README, typed and compared
	@$(SESSIONS_PYTHON) Tests/Sessions/readme.py README.md

sessions-test: twin gimbal sessions-packages $(SESSIONS_STAMP) ## Every verb, key and way to a console, with real terminals
	@$(SESSIONS_PYTHON) Tests/Sessions/run.py
