"""Project setup: an activated project gets its tasks, rates, approvers and controls, and is opened for time."""
