"""The pictures of docs/concepts.md, drawn from what the code does: `python docs/concepts.py --write`."""
