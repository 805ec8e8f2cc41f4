"""Opportunity to project: a won deal becomes a customer, a contract, a staffed and billable project."""
