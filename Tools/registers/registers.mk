# Register descriptions: the SystemRDL sources in Board/Registers are compiled into Swift tables and manual pages.
PYTHON          ?= python3
PYTHON_VENV     ?= .build-python
REGISTER_MAPS   := fpga front_end wave_plates
REGISTER_VENV   := $(PYTHON_VENV)/registers.stamp
REGISTER_FILES  := Sources/RegisterMap/Generated Documentation/Registers
REGISTER_CHECK  := .build-registers

# The commands that write the files of every map below the folder $(1).
define registers_into
for map in $(REGISTER_MAPS); do \
  $(PYTHON_VENV)/bin/peakrdl swift-map --peakrdl-cfg Tools/registers/peakrdl.toml Board/Registers/$$map.rdl -o $(1) \
    || exit 1; \
done
endef

.PHONY: registers registers-check

$(REGISTER_VENV): Tools/registers/requirements.txt
	@test -x $(PYTHON_VENV)/bin/python || $(PYTHON) -m venv $(PYTHON_VENV)
	@$(PYTHON_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

registers: $(REGISTER_VENV) ## Regenerate register tables and manual pages from Board/Registers
	@$(call registers_into,.)

registers-check: $(REGISTER_VENV) ## Fail if the generated register files are stale
	@rm -rf $(REGISTER_CHECK)
	@$(call registers_into,$(REGISTER_CHECK))
	@for folder in $(REGISTER_FILES); do \
	  diff -ru $(REGISTER_CHECK)/$$folder $$folder || { echo "registers: $$folder is stale: make registers"; exit 1; }; \
	done
	@echo "registers: current"
