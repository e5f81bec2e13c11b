"""Training and evaluating stance models."""
