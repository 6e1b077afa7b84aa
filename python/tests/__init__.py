"""Tests of the installed package: `python -m unittest discover -s tests -t .` with dc3's wheel in a venv."""
