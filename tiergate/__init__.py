"""The composition: the only place that knows every tier. Settings, discovery, serving, the command line."""
