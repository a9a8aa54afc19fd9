"""The live house: from frames to published answers; ``pipeline.py`` shows the way."""
