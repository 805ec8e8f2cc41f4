"""What an API owner publishes: whether a changed contract still keeps its promises."""
