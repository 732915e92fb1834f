# The LDPC codes of reconciliation.
.PHONY: codes codes-check

codes: python ## Make the LDPC codes anew and write the tables of the device
	@python3 Tools/codes.py

codes-check: python ## Make one LDPC code again and look at the properties of all
	@python3 Tools/codes.py --check
