"""Reconcile: each pair of systems compared, kind by kind; what differs is healed as ownership says, or is a case."""
