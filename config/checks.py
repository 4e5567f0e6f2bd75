"""Deployment checks, filled in by config."""
