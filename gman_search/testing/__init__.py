"""Tests to run against implementations of your own."""
