"""Line mode: the whole game in sentences, one command a line.

No Textual.
"""
