"""Business rules as CEL expressions: checked against the types of an operation, exact with money, and bounded."""
