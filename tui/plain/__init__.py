"""Line mode: the whole game in sentences, one command a line. Imports client and words.

No Textual.
"""
