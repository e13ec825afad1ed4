"""Small complete programs to read, to run and to start from: ``coterie examples list``."""
