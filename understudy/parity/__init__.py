"""Parity: are these two schemas the same?"""
