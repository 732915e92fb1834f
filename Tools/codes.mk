# The LDPC codes of reconciliation.
.PHONY: codes codes-check

codes: $(NUMPY) ## Make the LDPC codes anew and write the tables of the device
	@$(VERIFY_VENV)/bin/python Tools/codes.py

codes-check: $(NUMPY) ## Make one LDPC code again and look at the properties of all
	@$(VERIFY_VENV)/bin/python -m unittest discover --quiet --start-directory Tools/tests --pattern 'test_codes.py'
	@$(VERIFY_VENV)/bin/python Tools/codes.py --check
