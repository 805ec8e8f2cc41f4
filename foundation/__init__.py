"""What every tier stands on: ports turned into routes and clients, vendor HTTP, database, telemetry, settings."""
