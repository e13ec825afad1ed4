"""The live view: runs as they happen and what is remembered, in a browser."""
