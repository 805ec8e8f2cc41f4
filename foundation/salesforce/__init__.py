"""A Salesforce org, whatever product lives on it: Sales Cloud itself, or a package such as Certinia PSA.

`sign_in` how we are let in · `records` the calls every kind of record has · `wire` shapes that are alike in every org ·
`faults` what its errors mean · `usage` how much of the day's calls is spent. What a record means its adapter knows.
"""
