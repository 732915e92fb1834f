# The policy table: what light and which block length of advantage distillation a session begins with.
.PHONY: policy policy-check

policy: python ## Choose light and block lengths anew and write the table of the device
	@python3 Tools/policy.py

policy-check: python ## Predict every row of the policy table again, and search some anew
	@python3 Tools/policy.py --check
