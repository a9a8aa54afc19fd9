"""The canonical skeleton and its one preparation for training and live."""
