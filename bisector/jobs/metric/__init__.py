"""`run --metric`: find the commit that changed what a metric measures."""
