# The scenarios under the product and under other methods, with tables and plots; the page of one run.
.PHONY: report-tools motion motion-short

report-tools: $(PLOTS) ## Install what twin run --report makes its page with
	@echo "report-tools: twin run --report FILE.html makes a page"

motion: twin $(PLOTS) ## Tables and plots of links that move: the product, and other methods on the same flights
	@$(PLOT_VENV)/bin/python Tools/motion.py --twin $(TWIN)

motion-short: twin $(PLOTS) ## Two short flights under all methods, and the page of one run
	@$(PLOT_VENV)/bin/python Tools/motion.py --twin $(TWIN) --short
