"""Account sync: a customer changed in one system is brought in line in all, field by field, as ownership says."""
