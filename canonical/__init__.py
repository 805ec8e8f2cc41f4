"""Our own words: business objects, money, dates, faults and ports. Imports nothing else of ours."""
