"""Contract sync: what was signed or amended in the CRM is carried to the ERP, and to the PSA."""
